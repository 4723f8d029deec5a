-- What dashboard_app may do. Applied by the console, as the schema's owner, with every upgrade and where it is missing; does nothing where roles.sql was not run.

do $$
declare
  part text;
begin
  if not exists (select from pg_roles where rolname = 'dashboard_app') or current_user = 'dashboard_app' then
    return;
  end if;

  grant select, insert, update, delete on all tables in schema public to dashboard_app;
  grant usage, select on all sequences in schema public to dashboard_app;
  -- The log grows, and no more; its partitions are reached through it alone.
  revoke all on change, head, change_checkpoint, schema_script from dashboard_app;
  for part in select name from change_partitions() loop
    execute format('revoke all on %I from dashboard_app', part);
  end loop;
  grant select, insert on change to dashboard_app;
  grant select, update on head to dashboard_app;
  grant select on change_checkpoint, schema_script to dashboard_app;
  -- Days of traffic are dropped by the owner, and reached through their table alone.
  revoke all on traffic_minute from dashboard_app;
  for part in select name from traffic_partitions() loop
    execute format('revoke all on %I from dashboard_app', part);
  end loop;
  grant select, insert, update on traffic_minute to dashboard_app;
  -- Rows that are there for good: noted with a new generation, taken and given up, and made once.
  revoke delete on generation_start from dashboard_app;
  revoke insert, delete on health_lease from dashboard_app;
  revoke insert, update, delete on replica_secret from dashboard_app;

  revoke execute on function ensure_change_partition(bigint) from public;
  grant execute on function ensure_change_partition(bigint) to dashboard_app;
  revoke execute on function ensure_traffic_partition(timestamptz) from public;
  grant execute on function ensure_traffic_partition(timestamptz) to dashboard_app;
end
$$;
