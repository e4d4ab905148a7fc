"use strict";
// The page of the API: Swagger UI of this server, in the theme of the page, asking as the person who is logged in.

const viewer = document.getElementById("viewer");
const night = matchMedia("(prefers-color-scheme: dark)");

function followTheme() {
  const chosen = document.documentElement.dataset.theme;
  document.documentElement.classList.toggle("dark-mode", chosen ? chosen === "dark" : night.matches);
}

function withToken(request) {
  if (request.url.startsWith("/") || request.url.startsWith(`${location.origin}/`)) {
    Object.assign(request.headers, JSON.parse(document.body.getAttribute("hx-headers")));
  }
  return request;
}

// The page has a title of its own, and every problem has the same shape: it need not be shown for each.
const plainer = {
  wrapComponents: {
    InfoContainer: () => () => null,
    response: (Original, { React }) => (given) => {
      const problem = Number(given.code) >= 400;
      return React.createElement(Original, problem ? { ...given, response: given.response.delete("content") } : given);
    },
  },
};

followTheme();
night.addEventListener("change", followTheme);
new MutationObserver(followTheme).observe(document.documentElement, { attributeFilter: ["data-theme"] });
SwaggerUIBundle({
  url: viewer.dataset.document,
  domNode: viewer,
  presets: [SwaggerUIBundle.presets.apis],
  plugins: [plainer],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  requestInterceptor: withToken,
});
