-- Two roles for a registry in a Postgres of your own: dashboard_owner owns the schema (ConnectionStrings:RegistryOwner: upgrades and retention), dashboard_app
-- reads and writes as the console needs (ConnectionStrings:Registry). Run once, as a superuser, connected to the registry's database, before the console's first
-- start; afterwards give both a password: alter role dashboard_app password '...';
-- For a database that the console has used already, run first: reassign owned by THE_FORMER_USER to dashboard_owner;

do $$
begin
  if not exists (select from pg_roles where rolname = 'dashboard_owner') then
    create role dashboard_owner login;
  end if;
  if not exists (select from pg_roles where rolname = 'dashboard_app') then
    create role dashboard_app login;
  end if;
  execute format('revoke all on database %I from public', current_database());
  execute format('grant connect on database %I to dashboard_owner, dashboard_app', current_database());
end
$$;
revoke create on schema public from public;
grant usage, create on schema public to dashboard_owner;
grant usage on schema public to dashboard_app;
