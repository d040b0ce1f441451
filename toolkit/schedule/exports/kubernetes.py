"""A CronJob of Kubernetes, and the claim for the volume that keeps its state.

Facts, looked up in the Kubernetes documentation: ``timeZone`` is stable since 1.27; more than 100 missed
instants stop a CronJob for good unless ``startingDeadlineSeconds`` makes the window in which they are
counted shorter; below ten seconds it may never start; a name has at most 52 characters, so that the Job's
own suffix fits. Checked by kubernetes-validate against the API's schemas; never applied to a cluster.
"""

from __future__ import annotations

import hashlib
import os
import re

from toolkit.schedule.exports.asked import FINAL, MARK, Asked, commented
from toolkit.schedule.exports.literal import string, strings

IMAGE = "toolkit:latest"
LONGEST = 52
DAY = 86400
BACKOFF = 360  # the longest pause of a Job between two pods
ABOUT = f"""\
{MARK} for Kubernetes: kubectl apply -f {{file}}

The image is yours: it holds the project and the toolkit, such as
  FROM python:3.11-slim
  RUN {{install}}
  WORKDIR {{folder}}
  COPY . .
  RUN chown -R 1000:1000 .
"""
MANIFEST = """\
{about}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {claim}
spec:
  # One node at a time, and the toolkit's lock is for all jobs of the folder: give each job minutes of its
  # own.
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 5Gi
---
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {name}
spec:
  schedule: {cron}
  # Without it the controller's own zone counts. An instant that a change of summer time skips is passed over.
  timeZone: {zone}
  # One at a time: what is due while a run still goes on is left out, and the next run reports on the latest
  # instant.
  concurrencyPolicy: Forbid
  # How late a run may start. It also bounds the instants counted as missed: after more than 100 a CronJob
  # stops.
  startingDeadlineSeconds: {deadline}
  successfulJobsHistoryLimit: 3
  failedJobsHistoryLimit: 3
  jobTemplate:
    spec:
      # A pod that was killed keeps the folder for 15 minutes: tries within them fail with 3, and the next
      # instant takes up what is left.
      backoffLimit: {retries}
      activeDeadlineSeconds: {limit}
      podFailurePolicy:
        rules:
          # 1 gate failed, 2 bad input, 4 nothing evaluated, 5 untrusted model, 70 a bug: no second pod for
          # those.
          - action: FailJob
            onExitCodes:
              containerName: toolkit
              operator: In
              values: {final}
      template:
        spec:
          restartPolicy: Never
          automountServiceAccountToken: false
          securityContext:
            runAsNonRoot: true
            runAsUser: 1000
            fsGroup: 1000
          containers:
            - name: toolkit
              image: {image}
              command: {command}
              workingDir: {folder}
              resources:
                requests: {{cpu: "1", memory: 2Gi}}
                limits: {{memory: 4Gi}}
              volumeMounts:
                - name: reports
                  mountPath: {root}
          volumes:
            - name: reports
              persistentVolumeClaim:
                claimName: {claim}
"""


def export(asked: Asked) -> dict[str, str]:
    """Write ``toolkit-NAME.cronjob.yaml``: the claim and the CronJob."""
    job = asked.job
    cron = asked.plain()
    _inside(asked)
    file = f"toolkit-{job.name}.cronjob.yaml"
    apart = int(asked.expression.shortest().total_seconds())
    window = DAY if job.catch_up else 600
    about = ABOUT.format(file=file, install=asked.install, folder=asked.folder.as_posix())
    text = MANIFEST.format(
        about=commented(about),
        claim=string("toolkit-reports"),
        name=string(object_name(job.name)),
        cron=string(cron),
        zone=string("Etc/UTC" if job.timezone == "UTC" else job.timezone),
        deadline=min(window, 90 * apart),
        retries=job.retries,
        limit=(job.retries + 1) * (job.timeout + 300) + job.retries * BACKOFF,
        final=list(FINAL),
        image=string(asked.image or IMAGE),
        command=strings(asked.words),
        folder=string(asked.folder.as_posix()),
        root=string(asked.root.as_posix()),
    )
    return {file: text}


def object_name(name: str) -> str:
    """Return a job's name as Kubernetes takes it: letters, digits, hyphens, at most 52; others get a hash."""
    whole = f"toolkit-{name}"
    if re.fullmatch(r"[a-z0-9-]*[a-z0-9]", whole) and len(whole) <= LONGEST:
        return whole
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    clean = re.sub(r"[^a-z0-9-]", "-", whole)[: LONGEST - 9].rstrip("-")
    return f"{clean}-{digest}"


def _inside(asked: Asked) -> None:
    """Refuse reports that the one volume would not hold."""
    output = os.path.relpath(asked.output, asked.root)
    if output.startswith(".."):
        asked.refuse(
            f"its output {asked.output} lies outside the reports folder {asked.root}, which the volume holds",
            "leave the job's output out, or choose a root above it",
        )
