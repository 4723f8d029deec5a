-- Plans: many acts of one kind, carried out in waves.

create table plan (
  id bigint primary key,
  state text not null,
  definition json not null,
  progress json not null
);
comment on column plan.id is 'The revision of the change that opened it.';
comment on column plan.definition is 'What was asked for, with its targets resolved; never changes.';
create index plan_open on plan (id) where state in ('Scheduled', 'Running', 'Paused');
