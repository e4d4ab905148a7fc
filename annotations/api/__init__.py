"""The API for programs: everything people have on the pages, by the same access functions and the same services.

A resource is a module beside this one (or in `training/api`) with a list ROUTES; `cosa_web/api.py` finds it by itself.
`configs.py` is the finished example. What a resource consists of:

    class Config(Shown):                          # goes out; a field without help_text fails a test
        id = Id(source="pk", help_text="Id of the config.")

    class NewConfig(Said):                        # comes in; unknown fields are refused
        title = CharField(max_length=300, help_text="What it is for.")

    class Configs(Endpoint):                      # one class for each address, one method for each HTTP method
        resource, roles = "configs", WORKERS      # scopes configs:read and configs:write; the roles of the page
        refusals = (configs.ConfigProblem,)       # of the service: 422 with its sentence, and its `field`
        conflicts = (configs.Conflict,)           # 409; looked for first
        words = {"pk": "Id of the config."}       # what the address's arguments are (pk is `id` in the document)

        @lists(Config, number("organisation", "Only of this one.", lookup="organisation"), order=("title", "pk"))
        def get(self) -> QuerySet[SafetyConfig]:
            \"\"\"The configs you may read.\"\"\"      # first line: the summary; the rest: the description

        @creates(NewConfig, Config, roles=AUTHORS)   # 201, Idempotency-Key; `secret=("secret",)` is never stored
        def post(self) -> SafetyConfig:
            \"\"\"A new config.\"\"\"
            return configs.create(actor=self.user, **self.said)

    ROUTES = [route("configs/", Configs, "configs-list")]      # the URL name is api:configs-list

`reads` gives one thing, `changes` (PATCH, PUT, DELETE, POST of an action) how it is afterwards, or 204 without a shape.
In a method `self.user` asks, `self.asked` holds the query parameters (None: not given; those with a `lookup` filter the
list by themselves), `self.said` the body. It is checked when it is first asked for: get the object by its access
function before, so that strangers read 404. A PATCH lacks what was not sent, but for what its shape names in `needed`.
Http404 and PermissionDenied of the access functions become problems by themselves; `raise problems.refused(sentence,
field)` and `problems.conflict(sentence)` are for the rest. Give rows as the shape reads them (`source`, properties,
annotations): no query for each row. An order ends with something unique and holds nothing that can be null. Each URL
name and method has its row in docs/access.md (anonymous `401`, a role `403`, strangers `404`, an empty body `422`), its
arguments in tests/api_place.py under `api:<name>`; tests/programs.py is a program for tests. Operation ids come from
the URL name: configs_list, configs_create, configs_get, configs_change, versions_submit, runs_results.
"""
