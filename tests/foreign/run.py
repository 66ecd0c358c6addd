"""Drives the program from outside: a whole case, by a client that knows nothing of it.

    python tests/foreign/run.py --program target/debug/yizhan

Starts `yizhan serve` on a fresh data folder, learns the contract by reflection (v1 and v1alpha), drives a case from the
window to issuance with each of the two, and stops the program. Prints every step, and `N passed, N failed` at the end.
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
from client import Client
from life import drive

HERE = pathlib.Path(__file__).resolve().parent
EXPECTED = {DIRECTORY, CALENDAR, CATALOGUE, CASES, FILES, JOURNAL, METRICS, CLOCK, "grpc.health.v1.Health"}
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
        self.log = folder / "yizhan.log.txt"
        self.process = None

    def start(self):
        self.grpc, self.web = free_port(), free_port()
        command = [self.path, "serve", "--data", self.folder / "data"]
        command += ["--listen", f"127.0.0.1:{self.grpc}", "--web", f"127.0.0.1:{self.web}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

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


def contract(client):
    """What was learned, but for reflection itself: each version tells of its own."""
    return {
        name: file
        for name, file in client.reflection.files.items()
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
        clients = {version: Client(channel, version) for version in ("v1", "v1alpha")}
        for version, client in clients.items():
            missing = EXPECTED - set(client.services)
            assert not missing, f"{version} does not list {missing}"
        first, second = (contract(client) for client in clients.values())
        assert first == second, "v1 and v1alpha tell different contracts"
        return clients

    steps.step("health says SERVING", until, "health", lambda: serving(channel))
    return steps.step("reflection lists every service, the same by v1 and v1alpha", both)


def page(web):
    with urllib.request.urlopen(f"http://127.0.0.1:{web}/", timeout=PATIENCE) as answer:
        text = answer.read().decode()
    assert answer.status == 200 and "<html" in text and is_chinese(text), "no page"


def stopped(program):
    expect(program.stop(), 0, "exit code")


def still_there(program, watch):
    """Started again on the same data: the case is where it was, by a client that learns everything anew."""
    program.start()
    with grpc.insecure_channel(f"127.0.0.1:{program.grpc}") as channel:
        until("health", lambda: serving(channel))
        case = Client(channel, "v1").call(CASES, "GetCase", {"name": watch.case})
        expect(state(case), "ISSUED", "state")
    expect(program.stop(), 0, "exit code")


def run(program):
    steps = Steps()
    program.start()
    with grpc.insecure_channel(f"127.0.0.1:{program.grpc}") as channel:
        clients = served(steps, channel)
        if not clients:
            return steps
        watches = [drive(steps, clients[version], version, code) for version, code in DRIVEN.items()]
        steps.step("the dashboard is a page", page, program.web)
        # The watches are still open: the program has to end them.
        steps.step("SIGTERM ends it cleanly, with streams open", stopped, program)
    steps.step("started again, it has kept the case", still_there, program, watches[0])
    return steps


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", required=True, type=pathlib.Path, help="the built yizhan")
    path = arguments.parse_args().program.resolve()
    with tempfile.TemporaryDirectory(prefix="yizhan-foreign-") as folder:
        program = Program(path, pathlib.Path(folder))
        try:
            steps = run(program)
        finally:
            program.end()
        if steps.failed:
            print(program.log.read_text(errors="replace")[-4000:], file=sys.stderr)
    print(f"{steps.passed} passed, {steps.failed} failed")
    return 1 if steps.failed or not steps.passed else 0


if __name__ == "__main__":
    sys.exit(main())
