"use strict";
// The page that shows a secret answers a form: a reload must ask for the key's own page, not send the form again.

const shown = document.getElementById("key-shown");
if (shown) history.replaceState(null, "", shown.dataset.place);
