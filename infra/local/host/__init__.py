"""A host for an unchanged Azure Functions app (Python v2 model) on one machine, without Core Tools.

It drives the app through azure.functions' own public objects, under uvicorn. It knows nothing of the app it runs,
and the app nothing of it. What it honours, it honours as Azure does; anything else it refuses by name at start,
because a binding that silently does nothing is worse than none.

=================  ======================================================================================
honoured           HTTP, timer and queue triggers, `async` and plain handlers, `context`
host.json          version, logging.logLevel, extensionBundle, functionTimeout,
                   extensions.http.routePrefix, extensions.queues
settings           local.settings.json `Values` under the process environment, `%SETTING%` in bindings,
                   `AzureWebJobs.<function>.Disabled`, PYTHON_THREADPOOL_THREAD_COUNT
HTTP               `{name}`, `{name:int}` (long, bool, alpha, guid), `{name?}`, `{*rest}`; 401, 404, 405, 413,
                   500; function and host keys where a keys file is given; `GET /admin/host/status`
timer              NCRONTAB of six fields or `hh:mm:ss`, UTC; run on startup; the last run kept in storage; one
                   host holds the timer at a time
queue              leases renewed while a handler runs, at least once, `<queue>-poison`
=================  ======================================================================================
"""
