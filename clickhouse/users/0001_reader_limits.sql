-- What every reader is held to; a reader may only shorten or lengthen its time, up to a minute.
-- Not enforced in our tests: the embedded engine has no users. Only its grammar is checked.
CREATE SETTINGS PROFILE IF NOT EXISTS headwater_reader_limits SETTINGS
    readonly = 1,
    allow_ddl = 0 CONST,
    allow_introspection_functions = 0 CONST,
    max_execution_time = 10 MIN 1 MAX 60 CHANGEABLE_IN_READONLY,
    max_result_rows = 1000000 MAX 1000000,
    max_rows_to_read = 1000000000 MAX 1000000000,
    max_memory_usage = 4000000000 MAX 4000000000,
    max_threads = 4 MAX 4,
    max_concurrent_queries_for_user = 16 MAX 16
