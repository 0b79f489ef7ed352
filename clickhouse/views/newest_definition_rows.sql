-- One row is one goal, segment, experiment, keyword list, tool or content that a site's catalog defines, of any run, as written last (private).
-- The engine looks up which rows of a table there are when it comes to reading this view, and so after the view that
-- reads it has found out which runs may be seen: a run whose last row was written before that is read whole.
CREATE OR REPLACE VIEW headwater.newest_definition_rows
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * FROM headwater.definition_rows FINAL
COMMENT 'One goal, segment, experiment, keyword list, tool or content that a site''s catalog defines, of any run, as written last (private)'
