-- One row is one thing a person did, or was sent or shown, that is no touch, of any run, as written last (private).
-- The engine looks up which rows of a table there are when it comes to reading this view, and so after the view that
-- reads it has found out which runs may be seen: a run whose last row was written before that is read whole.
CREATE OR REPLACE VIEW headwater.newest_activity_rows
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT * FROM headwater.activity_rows FINAL
COMMENT 'One thing a person did, or was sent or shown, that is no touch, of any run, as written last (private)'
