-- One row is one column of a public view with what it means.
CREATE OR REPLACE VIEW headwater.column_comments
(
    view String COMMENT 'Name of the view',
    position UInt32 COMMENT 'Place of the column in the view, from 1',
    name String COMMENT 'Name of the column',
    type String COMMENT 'Type of the column',
    comment String COMMENT 'What it means and its unit'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT
    view_name AS view,
    toUInt32(position) AS position,
    groups[1] AS name,
    replaceAll(groups[2], '\\''', '''') AS type,
    replaceAll(groups[3], '\\''', '''') AS comment
FROM
(
    SELECT
        tables.name AS view_name,
        arrayJoin(arrayZip(
            arrayEnumerate(extractAllGroupsVertical(create_table_query, column_pattern) AS columns), columns
        )) AS numbered,
        numbered.1 AS position,
        numbered.2 AS groups,
        '`(\\w+)` ([^`]+?) COMMENT ''((?:[^''\\\\]|\\\\.)*)''' AS column_pattern
    FROM system.tables AS tables
    WHERE database = 'headwater' AND engine = 'View'
)
COMMENT 'One column of a public view with what it means'
