"""PostgreSQL for deploy/cluster/run: a primary, and a standby that has to have every commit before it is answered."""

import os
import pathlib
import shutil
import signal
import subprocess
import time

from programs import DEADLINE, free_port

USER = "postgres"
STANDBY = "standby"  # its name, for synchronous_standby_names
SETTINGS = """
listen_addresses = '127.0.0.1'
wal_keep_size = 256MB
wal_receiver_status_interval = 1s
wal_retrieve_retry_interval = 500ms
"""


def binaries():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        raise SystemExit("PostgreSQL is not installed; run .ci/install-tools")
    return found[-1]


class Server:
    """One server with a data directory and a port of its own."""

    ALL = []

    def __init__(self, folder, name):
        self.folder, self.name, self.port = folder, name, free_port()
        self.data, self.log = folder / f"{name}-data", folder / f"{name}.log"
        self.bin = binaries()
        self.ALL.append(self)

    def run(self, program, *arguments):
        command = [str(self.bin / program), *map(str, arguments)]
        if os.geteuid() == 0:  # PostgreSQL refuses to be root.
            command = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *command]
        output = self.folder / f"{self.name}.{program}"
        with output.open("w") as file:  # Not a pipe: a server that is started keeps it open.
            done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file, timeout=DEADLINE)
        if done.returncode != 0:
            raise RuntimeError(f"{program} ended with {done.returncode}:\n{output.read_text()}")

    def create(self):
        self.run("initdb", "-D", self.data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--wal-segsize=1")
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(SETTINGS)
        self.start()
        self.sql("CREATE DATABASE chat")

    def clone(self, primary):
        """Becomes a new standby of the primary. What it had before is gone."""
        if self.data.exists():
            shutil.rmtree(self.data)
        self.run("pg_basebackup", "-D", self.data, "--checkpoint=fast", "--write-recovery-conf", "-d",
                 f"host=127.0.0.1 port={primary.port} user={USER} application_name={STANDBY}")
        self.start()
        primary.wait_for_standbys([STANDBY])

    def start(self):
        begun = time.monotonic()
        while True:
            try:
                return self.run("pg_ctl", "start", "-w", "-D", self.data, "-l", self.log,
                                "-o", f"-c port={self.port} -c unix_socket_directories={self.folder}")
            except RuntimeError:
                # After kill -9, the processes of its connections still end.
                if time.monotonic() - begun > 30:
                    raise
                time.sleep(0.1)

    def stop(self, mode):
        self.run("pg_ctl", "stop", "-w", "-m", mode, "-D", self.data)

    def kill(self):
        os.kill(int((self.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def promote(self):
        self.run("pg_ctl", "promote", "-w", "-D", self.data)

    def wait_for_standbys(self, names):
        """From now on, a commit waits for these. Returns when they have everything."""
        self.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{','.join(names)}'")
        self.sql("SELECT pg_reload_conf()")
        begun = time.monotonic()
        while len(names) != self.count_standbys():
            if time.monotonic() - begun > DEADLINE:
                raise RuntimeError(f"the primary {self.name} has no synchronous standby")
            time.sleep(0.05)

    def count_standbys(self):
        return int(self.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'"))

    def sql(self, text, database="postgres"):
        done = subprocess.run(
            [str(self.bin / "psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", database, "-X", "-A", "-t", "-c", text],
            capture_output=True, text=True, timeout=DEADLINE)
        if done.returncode != 0:
            raise RuntimeError(f"{text}: {done.stderr}")
        return done.stdout.strip()

    def is_running(self):
        return (self.data / "postmaster.pid").exists()

    @classmethod
    def end_all(cls):
        for server in cls.ALL:
            if server.is_running():
                server.stop("immediate")
