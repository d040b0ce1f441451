"""A workflow of GitHub Actions.

Facts, looked up in GitHub's documentation and changelog: ``timezone`` beside ``cron`` since 19 March 2026,
an IANA name, UTC where it is left out; five minutes are the shortest interval; ``archive: false`` of
actions/upload-artifact since 7.0.0, one file only, named after the file. Checked by check-jsonschema's copy
of the workflow schema; the steps' scripts are run by the tests. The workflow itself was never run on GitHub.
"""

from __future__ import annotations

import shlex
from datetime import timedelta

from toolkit.schedule.exports.asked import MARK, Asked, commented
from toolkit.schedule.exports.literal import string

SHORTEST = timedelta(minutes=5)
ABOUT = f"""\
{MARK} for GitHub Actions: .github/workflows/{{file}}

It runs from the default branch only. Runs may come late and, at full hours above all, not at all; nothing
is made up for, so the next run reports on the latest instant. In a public repository GitHub stops the
schedule after 60 days without activity; it sends one mail, and a button in the Actions tab starts it again.

Time zone: read from `timezone` (GitHub knows it since March 2026; GitHub Enterprise Server may not, and
then means UTC). Where a change of summer time skips the instant, the run comes at the next one that exists.
"""
ODD = "\nA full hour is GitHub's busiest minute: give the job an odd one, such as 17 3 * * 1.\n"
WORKFLOW = """\
{about}
name: {title}

on:
  schedule:
    - cron: {cron}
      timezone: {zone}
  workflow_dispatch:

permissions:
  contents: read

# One run at a time; a second one waits, and a third takes the place of the one that waits.
concurrency:
  group: {group}
  cancel-in-progress: false

defaults:
  run:
    shell: bash
    working-directory: {folder}

jobs:
  report:
    runs-on: ubuntu-latest
    timeout-minutes: {minutes}
    steps:
      - uses: actions/checkout@v7
        with:
          persist-credentials: false
      - uses: actions/setup-python@v7
        with:
          python-version: "3.11"
      - name: Install
        run: |
          {install}
      # A runner starts empty: the history travels in a cache. GitHub drops a cache that nobody read for
      # seven days, and the history with it; keep the reports elsewhere if the trend matters.
      - name: Fetch the history
        uses: actions/cache/restore@v6
        with:
          path: {state}
          key: {key}-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}
          restore-keys: {key}-
      - name: Build what is due
        id: build
        env:
          DUE: ${{{{ github.event_name == 'schedule' && '--if-due' || '' }}}}
        run: |
          code=0
          {command} ${{DUE:+"$DUE"}} || code=$?
          echo "code=$code" >> "$GITHUB_OUTPUT"
      # The ordinary cache action saves nothing after a failure; a failed gate belongs into the history too.
      - name: Keep the history
        if: always()
        uses: actions/cache/save@v6
        with:
          path: {state}
          key: {key}-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}
      - name: Show the report
        id: show
        env:
          LATEST: {latest}
        run: |
          page="$GITHUB_WORKSPACE/$LATEST"
          if [ -f "$page" ]; then
            cp "$page" "$RUNNER_TEMP/{name}.html"
            {toolkit} report build "$page" --format markdown --output "$RUNNER_TEMP/summary"
            # GitHub takes 1 MiB of summary a step.
            head -c 1000000 "$RUNNER_TEMP/summary/report.md" >> "$GITHUB_STEP_SUMMARY"
            echo "page=$RUNNER_TEMP/{name}.html" >> "$GITHUB_OUTPUT"
          fi
      - name: Keep the report
        if: steps.show.outputs.page != ''
        uses: actions/upload-artifact@v7
        with:
          path: ${{{{ steps.show.outputs.page }}}}
          # One file, not zipped: it opens in the browser. Its name is the artifact's name.
          archive: false
          if-no-files-found: error
      - name: Pass on the exit code
        env:
          CODE: ${{{{ steps.build.outputs.code }}}}
        run: exit "$CODE"
"""


def export(asked: Asked) -> dict[str, str]:
    """Write ``toolkit-NAME.yml`` for ``.github/workflows``."""
    job, name = asked.job, asked.job.name
    cron = asked.plain()
    if asked.expression.shortest() < SHORTEST:
        asked.refuse(
            f"{job.cron!r} fires more often than every five minutes, GitHub's shortest interval",
            "space the instants out",
        )
    file = f"toolkit-{name}.yml"
    about = commented(ABOUT.format(file=file) + (ODD if asked.expression.minutes == (0,) else ""))
    text = WORKFLOW.format(
        about=about,
        title=string(f"toolkit {name}"),
        cron=string(cron),
        zone=string(job.timezone),
        group=string(f"toolkit-{name}"),
        folder=string(asked.within(asked.folder)),
        # One attempt only: GitHub has no second try, and a later run of the schedule takes up what failed.
        minutes=max(1, -(-job.timeout // 60)) + 15,
        install=asked.install,
        state=string(asked.within(asked.root / ".toolkit")),
        key=f"toolkit-{name}",
        command=shlex.join(asked.words[:-1]),
        latest=string(asked.within(asked.output / "latest.html")),
        name=name,
        toolkit=shlex.join(asked.command),
    )
    _refuse_expressions(asked)
    return {file: text}


def _refuse_expressions(asked: Asked) -> None:
    """Refuse a name that GitHub would evaluate: it replaces ``${{ ... }}`` before all else."""
    for word in (*asked.command, asked.install, asked.within(asked.folder), asked.within(asked.output)):
        if "${{" in word:
            asked.refuse(f"GitHub would evaluate {word!r}", "rename the folder, or give another --command")
