"""One tenant: its database, its outbox and inbox, its part of the catalogue, its timers. It knows no other tenant."""

from atoll.tenants.database import Database, NewerSchema
from atoll.tenants.outbox import Refused, Waiting
from atoll.tenants.tenant import Tenant

__all__ = ["Database", "NewerSchema", "Refused", "Tenant", "Waiting"]
