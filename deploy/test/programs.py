"""The programs that deploy/test/run starts: the service, a proxy in front of it, and clients."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "bin/proxies"
SERVICE = ROOT / "Chat.Service/bin/Debug/net10.0/Chat.Service.dll"
DRIVERS = {
    "dotnet": ["dotnet", str(ROOT / "deploy/test/bin/Debug/net10.0/Chat.Deploy.Driver.dll")],
    "node": ["node", str(ROOT / "deploy/test/driver.mjs")],
}
DEADLINE = 300  # of everything that is not meant to take long


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition, process, log):
    """Until the condition holds for what a process does that has just been started."""
    begun = time.monotonic()
    while not condition():
        if process.poll() is not None or time.monotonic() - begun > DEADLINE:
            raise RuntimeError(f"{process.args[0]} did not start:\n{log.read_text()}")
        time.sleep(0.05)


STARTED = []


def start(command, **options):
    process = subprocess.Popen(command, **{"stdin": subprocess.DEVNULL, **options})
    STARTED.append(process)
    return process


def end(process, how=signal.SIGTERM):
    process.send_signal(how)
    try:
        return process.wait(DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise RuntimeError(f"{process.args[0]} did not end")


class Service:
    """The service, which can be stopped and started again with the same port and log."""

    def __init__(self, folder, options, management="none"):
        self.port = free_port()
        self.log = folder / "service.log"
        self.command = ["dotnet", str(SERVICE), "--listen", f"127.0.0.1:{self.port}", "--data", str(folder / "data"),
                        "--management", management, *options]
        self.start()

    def start(self):
        with self.log.open("w") as log:
            self.process = start(self.command, stdout=log, stderr=log)
        wait_until(lambda: "\nchat: " in self.log.read_text(), self.process, self.log)


class Proxy:
    """A proxy with its configuration of deploy/, in which only ports, paths and users are replaced."""

    # By name: the configuration, the service's options, and what is replaced. {…} are the ports and folders of this
    # run.
    ALL = {
        "nginx": ("nginx/nginx.conf", ["--trusted-proxies", "127.0.0.1"], {
            "user www-data;\n": "",
            "/run/nginx.pid": "{folder}/nginx.pid",
            "/var/log/nginx": "{folder}",
            "http {\n": "http {\n" + "".join(
                f"    {kind}_temp_path {{folder}}/{kind};\n" for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]),
            "listen 443 ": "listen 127.0.0.1:{port} ",
            "127.0.0.1:5000": "127.0.0.1:{service}",
            "/etc/ssl/chat": "{certificates}",
        }),
        "haproxy": ("haproxy/haproxy.cfg", ["--trusted-proxies", "127.0.0.2", "--proxy-protocol", "true"], {
            "    user haproxy\n    group haproxy\n": "",
            "bind :443 ": "bind 127.0.0.1:{port} ",
            "127.0.0.1:5000": "127.0.0.1:{service}",
            "/etc/ssl/chat": "{certificates}",
        }),
        "caddy": ("caddy/Caddyfile", ["--trusted-proxies", "127.0.0.1"], {
            "{\n\tservers": "{\n\tadmin off\n\tauto_https disable_redirects\n\tservers",
            "chat.example.com {\n": "https://localhost:{port} {\n\tbind 127.0.0.1\n",
            "127.0.0.1:5000": "127.0.0.1:{service}",
            "/etc/ssl/chat": "{certificates}",
        }),
    }
    COMMANDS = {
        "nginx": ["usr/sbin/nginx", "-e", "stderr", "-g", "daemon off;", "-c"],
        "haproxy": ["usr/sbin/haproxy", "-f"],
        "caddy": ["usr/bin/caddy", "run", "--adapter", "caddyfile", "--config"],
    }

    def __init__(self, name, folder, values, configuration=None):
        """values: what is put in for {…}. configuration: a text, and what is replaced in it; None = that of ALL."""
        self.port = free_port()
        values = {"folder": folder, "port": self.port, **values}
        text, replaced = configuration or ((ROOT / "deploy" / self.ALL[name][0]).read_text(), self.ALL[name][2])
        for old, new in replaced.items():
            if old not in text:
                raise RuntimeError(f"the configuration of {name} has no '{old}' any more")
            for key, value in values.items():
                new = new.replace("{" + key + "}", str(value))
            text = text.replace(old, new)
        configuration = folder / "configuration"
        configuration.write_text(text)
        self.log = folder / "proxy.log"
        root = PACKAGES / "root"
        program, *arguments = self.COMMANDS[name]
        environment = {
            **os.environ,
            "LD_LIBRARY_PATH": ":".join(str(path) for path in (root / "usr/lib").glob("*-linux-gnu")),
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
        }
        with self.log.open("w") as log:
            self.process = start(
                [str(root / program), *arguments, str(configuration)], env=environment, stdout=log, stderr=log)
        wait_until(lambda: accepts(self.port), self.process, self.log)


class Driver:
    """A client that goes through one case."""

    def __init__(self, client, case, proxy, certificates, room, *more, deadline=DEADLINE):
        self.lines = []
        self.process = start(
            [*DRIVERS[client], case, f"https://localhost:{proxy.port}", str(certificates / "ca.pem"), room, *map(str, more)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.timer = threading.Timer(deadline, self.process.kill)
        self.timer.daemon = True
        self.timer.start()

    def until_stored(self, more):
        """Reads until so many more messages have been acked."""
        wanted = None
        for line in self.process.stdout:
            self.lines.append(line.strip())
            if acked := re.fullmatch(r"acked (\d+)\n", line):
                wanted = wanted if wanted is not None else int(acked[1]) + more
                if int(acked[1]) >= wanted:
                    return

    def result(self):
        """Tells it to finish; returns whether it succeeded, and its last line."""
        output, _ = self.process.communicate("\n")
        self.lines += output.strip().splitlines()
        return self.verdict()

    def verdict(self):
        """When it has ended: whether it succeeded, and its last line."""
        self.timer.cancel()
        code = self.process.returncode
        if code == 0:
            return True, self.lines[-1].removeprefix("ok: ")
        said = [line for line in self.lines if not line.startswith("acked ")]
        return False, "\n    ".join([f"ended with {code}", *said[-20:]])


def make_certificates(folder):
    """An authority, and a certificate for localhost with its key in a file of its own."""
    def openssl(*arguments):
        done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"openssl {arguments[0]}: {done.stderr}")

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    openssl("req", "-x509", *key, "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-x509", *key, "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-addext", "basicConstraints=critical,CA:FALSE", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-keyout", "chat.pem.key", "-out", "chat.pem")
