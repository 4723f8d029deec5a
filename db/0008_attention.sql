-- What operators did about alerts, and what webhooks were told of them.

create table alert_mark (
  id bigint primary key,
  mark json not null
);
comment on table alert_mark is 'Acknowledgements and silences that hold; the change log keeps those that ended.';
comment on column alert_mark.id is 'The revision of the change that made it.';

-- No part of the registry: what the console that sends notes for itself and for the one that sends after it.
create table alert_notice (
  webhook text not null,
  alert text not null,
  notice json not null,
  primary key (webhook, alert)
);
comment on table alert_notice is 'Alerts that a webhook was told to be firing, and not yet that they ended: told once, also after a restart.';
