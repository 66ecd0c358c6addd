"""Drives the program from outside: a whole case, by a client that knows nothing of it.

    python tests/foreign/run.py --program target/debug/yizhan --promtool $(bash .ci/promtool)

Starts `yizhan serve` on a fresh data folder, learns the contract by reflection (v1 and v1alpha) over TLS, and with it
who may call what; drives a case from the window to issuance with each of the two, everybody with credentials of their
own; holds /metrics against what the API says and promtool demands; and stops the program. Then starts another in training
mode, for the calendars of the roster. Prints every step, and `N passed, N failed` at the end.
"""

import argparse
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

import duty
import metrics
import publications
import rules
from centre import (
    CALENDAR,
    CASES,
    CATALOGUE,
    CLOCK,
    DIRECTORY,
    FILES,
    JOURNAL,
    METRICS,
    PATIENCE,
    expect,
    is_chinese,
    state,
    until,
)
from client import Client, Contract
from door import CREDENTIALS, Door
from life import drive

HERE = pathlib.Path(__file__).resolve().parent
ROSTER = {f"yizhan.roster.v1.{name}Service" for name in ("Roster", "Attendance", "Staffing", "Circular")}
DISCLOSURE = {f"yizhan.disclosure.v1.{name}Service" for name in ("Publication", "Column", "File")}
EXPECTED = ROSTER | DISCLOSURE | {DIRECTORY, CALENDAR, CREDENTIALS, CATALOGUE, CASES, FILES, JOURNAL, METRICS, CLOCK}
EXPECTED |= {"grpc.health.v1.Health"}
# The division of the case that is driven with each version of reflection.
DRIVEN = {"v1": "410223", "v1alpha": "410224"}


class Steps:
    """Prints each step and counts."""

    def __init__(self):
        self.passed = self.failed = 0

    def step(self, name, action, *arguments):
        """Runs a step; what it returns, or None where it failed."""
        began = time.monotonic()
        try:
            result = action(*arguments)
        except Exception as error:  # a step that fails does not keep the others from running
            self.failed += 1
            places = [
                place
                for place in traceback.extract_tb(error.__traceback__)
                if HERE in pathlib.Path(place.filename).parents
            ]
            where = f"{pathlib.Path(places[-1].filename).name}, line {places[-1].lineno}"
            print(f"FAIL {name}: {type(error).__name__}: {error} ({where})", flush=True)
            return None
        self.passed += 1
        print(f"ok   {name} ({(time.monotonic() - began) * 1000:.0f} ms)", flush=True)
        return result


class Program:
    """`yizhan serve` on a data folder, logging into a file beside it."""

    def __init__(self, path, folder):
        self.path, self.folder = path, folder
        folder.mkdir()
        self.log = folder / "yizhan.log.txt"
        self.process = None

    def start(self, *more):
        self.grpc, self.web, self.metrics = free_port(), free_port(), free_port()
        command = [self.path, "serve", "--data", self.folder / "data"]
        command += ["--listen", f"127.0.0.1:{self.grpc}", "--web", f"127.0.0.1:{self.web}", *more]
        command += ["--metrics", f"127.0.0.1:{self.metrics}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def door(self):
        """Where it answers, once its first run has made the authority and the operator's certificate."""
        pki = self.folder / "data" / "pki"
        until("certificates", lambda: all((pki / name).exists() for name in Door.FILES))
        return Door(self.grpc, pki)

    def stop(self):
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def told(contract):
    """What was learned, but for reflection itself: each version tells of its own."""
    return {
        name: file
        for name, file in contract.reflection.files.items()
        if not name.startswith(("reflection", "grpc/reflection"))
    }


def serving(channel):
    try:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=1)
        return answer.status == health_pb2.HealthCheckResponse.SERVING
    except grpc.RpcError:
        return False


def served(steps, channel):
    """Health, the list of services, and the same contract by both reflections."""

    def both():
        contracts = {version: Contract(channel, version) for version in ("v1", "v1alpha")}
        for version, contract in contracts.items():
            missing = EXPECTED - set(contract.services)
            assert not missing, f"{version} does not list {missing}"
        first, second = map(told, contracts.values())
        assert first == second, "v1 and v1alpha tell different contracts"
        return contracts

    steps.step("health says SERVING", until, "health", lambda: serving(channel))
    return steps.step("reflection lists every service, the same by v1 and v1alpha", both)


def page(web):
    with urllib.request.urlopen(f"http://127.0.0.1:{web}/board", timeout=PATIENCE) as answer:
        text = answer.read().decode()
    assert answer.status == 200 and "<html" in text and is_chinese(text), "no page"


def stopped(program):
    expect(program.stop(), 0, "exit code")


def still_there(program, watch):
    """Started again on the same data: the case is where it was, and so is what people and terminals are known by, for a
    client that learns everything anew."""
    program.start()
    with program.door() as door:
        public = door.open()
        until("health", lambda: serving(public))
        ring = watch.centre.client
        client = Client(Contract(public, "v1"), door.by(ring.identities[ring.desk]))
        signed = {"person": ring.clerk, "password": ring.password(ring.clerk)}
        clerk = client.bearing(client.call(CREDENTIALS, "SignIn", signed).access_token)
        case = clerk.call(CASES, "GetCase", {"name": watch.case})
        expect(state(case), "ISSUED", "state")
    expect(program.stop(), 0, "exit code")


def calendars(steps, program):
    """In training mode, so that there is always a month ahead whose holidays are known."""
    program.start("--simulate", duty.NOW)
    with program.door() as door:
        public = door.open()
        until("health", lambda: serving(public))
        duty.drive(steps, Client(Contract(public, "v1"), public), door, program.web)
    expect(program.stop(), 0, "exit code")


def run(program, training, promtool):
    steps = Steps()
    program.start()
    with program.door() as door:
        public = door.open()
        contracts = served(steps, public)
        if not contracts:
            return steps
        for version, contract in contracts.items():
            steps.step(f"{version}: every method tells its rule", rules.told, contract)
        steps.step("a connection without TLS gets nowhere", rules.plain, door)
        steps.step("a certificate of another authority gets nowhere", rules.forged, door)
        watches = [
            drive(steps, Client(contracts[version], public), door, version, code) for version, code in DRIVEN.items()
        ]
        steps.step("who guesses is slowed down", rules.guessed, Client(contracts["v1"], public))
        publications.drive(steps, Client(contracts["v1"], public), door, program.web)
        steps.step("the dashboard is a page", page, program.web)
        metrics.drive(steps, Client(contracts["v1"], public), program, DRIVEN["v1"], promtool)
        # The watches are still open: the program has to end them.
        steps.step("SIGTERM ends it cleanly, with streams open", stopped, program)
    steps.step("started again, it has kept the case and the credentials", still_there, program, watches[0])
    calendars(steps, training)
    return steps


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", required=True, type=pathlib.Path, help="the built yizhan")
    arguments.add_argument("--promtool", required=True, type=pathlib.Path, help="Prometheus' checker")
    read = arguments.parse_args()
    path = read.program.resolve()
    with tempfile.TemporaryDirectory(prefix="yizhan-foreign-") as folder:
        program, training = (Program(path, pathlib.Path(folder) / name) for name in ("real", "training"))
        try:
            steps = run(program, training, read.promtool)
        finally:
            program.end()
            training.end()
        for ran in (program, training) if steps.failed else ():
            print(ran.log.read_text(errors="replace")[-4000:] if ran.log.exists() else "", file=sys.stderr)
    print(f"{steps.passed} passed, {steps.failed} failed")
    return 1 if steps.failed or not steps.passed else 0


if __name__ == "__main__":
    sys.exit(main())
