"""A cell hosts many tenants: it runs operations in them, commits, wakes who waits, delivers effects, minds the time."""

from atoll.cell.cell import Cell
from atoll.cell.reply import NotMine, Reply
from atoll.cell.world import World

__all__ = ["Cell", "NotMine", "Reply", "World"]
