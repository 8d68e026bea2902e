"""Queues that by order lose messages, double them, or keep them back for as long as the order stands.

On AWS a standard queue may deliver a message twice, and late; a lost one stands for a send that nobody could finish.
Kept back ones are delivered when the order ends: by then, ancient. Decided by a seed, in the order of the sends.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from localstack.shims import peering
from localstack.shims.neighbourhood import Neighbourhood
from localstack.shims.patching import Target, edit, module

SUBJECT = "queues"
_SEND = Target("services.sqs", "_act_send_message", "3abd766508c885c6")
_FATES = ("lost", "doubled", "late")

Message = dict[str, Any]


@dataclass(slots=True)
class Spoiler:
    """What befalls messages on their way into the queues of these names."""

    shares: dict[str, float] = field(default_factory=dict)
    queues: frozenset[str] = frozenset()
    chance: random.Random = field(default_factory=random.Random)
    befell: Counter[str] = field(default_factory=Counter)
    kept_back: list[tuple[dict[str, Any], Message]] = field(default_factory=list)

    def change(self, order: dict[str, Any]) -> dict[str, Any]:
        """Carry out {"shares"?: {"lost", "doubled", "late"}, "queues", "seed"?}; without shares nothing changes.

        Returns the counts so far. A change delivers what was kept back.
        """
        if "shares" in order:
            shares = {name: float(order["shares"].get(name, 0)) for name in _FATES}
            if unknown := order["shares"].keys() - set(_FATES):
                raise ValueError(f"a message cannot be {sorted(unknown)}")
            self.shares = shares if any(shares.values()) else {}
            self.queues = frozenset(order.get("queues", ()))
            self.chance = random.Random(order.get("seed", 0))
            self._deliver()
        return {"shares": self.shares, "befell": dict(self.befell), "kept_back": len(self.kept_back)}

    def put(self, queue: dict[str, Any], message: Message) -> None:
        """Put a message into its queue, or do with it what was ordered."""
        fate = self._fate(str(queue["url"]))
        self.befell[fate] += bool(fate)
        match fate:
            case "lost":
                return
            case "late":
                self.kept_back.append((queue, message))
            case "doubled":
                queue["messages"] += [message, {**message, "id": f"{message['id'][:-4]}0002"}]
            case _:
                queue["messages"].append(message)

    def _fate(self, url: str) -> str:
        if not self.shares or url.rpartition("/")[2] not in self.queues:
            return ""
        drawn = self.chance.random()
        for fate, share in self.shares.items():
            if drawn < share:
                return fate
            drawn -= share
        return ""

    def _deliver(self) -> None:
        for queue, message in self.kept_back:
            queue["messages"].append(message)
        self.befell["delivered_late"] += len(self.kept_back)
        self.kept_back.clear()
        module("services.sqs").esm_wake.set()


def install(neighbourhood: Neighbourhood) -> None:
    spoiler = Spoiler()
    queues = module("services.sqs")
    original = queues._act_send_message
    edit(_SEND, ('q["messages"].append(msg)', "_antipode_put(q, msg)"), names={"_antipode_put": spoiler.put})
    for name, handler in queues._HANDLERS.items():
        if handler is original:
            queues._HANDLERS[name] = queues._act_send_message
    peering.answer(SUBJECT, neighbourhood.region, spoiler.change)
