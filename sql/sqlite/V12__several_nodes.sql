-- Several nodes need Postgres. The numbers of the changes are the same on both databases.
SELECT 1;
