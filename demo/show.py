"""The two plays: one in which times change and the model has to replace itself, and one in which nothing happens."""

from __future__ import annotations

import time

from demo.replay import Replay
from demo.tally import Tally


def drifting(replay: Replay) -> str | None:
    """Play the change; why it failed, or None when accuracy has recovered."""
    scene, plan = replay.scene, replay.plan
    replay.train()
    scene.act = "Good times: applications are scored, outcomes come a month late"
    for _ in range(plan.calm):
        replay.play_month(lambda _: scene.calm, changed=False)
    if replay.heard("alarm"):
        return "An alarm was raised before anything had changed."
    scene.act = "Times have changed, and nobody has told the model"
    replay.mark("D")
    replay.say(f"Times change. Accuracy was {scene.calm}.")

    def under(version: str) -> Tally:
        return scene.fallen if version == replay.first else scene.restored

    wanted = plan.after * plan.month
    while scene.restored.n < wanted:
        if replay.elapsed_s() > plan.within_s - plan.month_s:
            missing = "no alarm" if not replay.heard("alarm") else "no promotion"
            if replay.heard("promoted"):
                missing = f"only {scene.restored.n:,} answers of the new champion"
            return f"Time is up after {replay.elapsed_s():.0f} s with {missing}. Is the machine very busy?"
        replay.play_month(under, changed=True)
        if scene.restored.n:
            scene.act = "The replacement answers"
        elif replay.heard("promoted"):
            scene.act = "Promoted: instances take the new champion up"
        elif replay.heard("registered"):
            scene.act = "Judged: challenger against champion on rows neither has learned from"
        elif replay.heard("alarm"):
            scene.act = "Alarm: a new model is being searched"
    lost = scene.calm.accuracy - scene.restored.accuracy
    said = f"Accuracy was {scene.calm}, fell to {scene.fallen}, and is {scene.restored}."
    if lost > plan.tolerance:
        return f"{said} That is {100 * lost:.1f} points less than before, more than {100 * plan.tolerance:g}."
    replay.say(f"{said} Nobody did anything.")
    return None


def quiet(replay: Replay) -> str | None:
    """Play times that stay as they are; why it failed, or None when no alarm was raised."""
    scene, plan = replay.scene, replay.plan
    replay.train()
    scene.act = "Times stay as they are: no alarm must be raised"
    for _ in range(plan.quiet):
        replay.play_month(lambda _: scene.calm, changed=False)
    scene.act = "Waiting until the monitor has seen every truth"
    while scene.labelled < scene.told:
        if replay.elapsed_s() > plan.within_s:
            return f"The monitor has seen {scene.labelled:,} of {scene.told:,} truths. Does its timer run?"
        replay.look()
        time.sleep(0.2)
    replay.look(now=True)
    if replay.heard("alarm"):
        return f"A false alarm was raised. Accuracy was {scene.calm} all the time."
    replay.say(f"Accuracy was {scene.calm}. The monitor has seen {scene.labelled:,} truths and raised no alarm.")
    return None
