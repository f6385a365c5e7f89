"""nginx, Varnish and HAProxy as Debian has them, with the project's own configurations (cdn/), on ports and in folders of
their own."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from service import CHECKOUT

CDN = CHECKOUT / "cdn"
START_SECONDS_MAX = 30
NGINX_MODULE = Path("/usr/lib/nginx/modules/ngx_http_cache_purge_module.so")
# What Debian's own nginx.conf says around the project's file, as far as it matters.
NGINX = """
load_module {module};
daemon off;
worker_processes auto;
worker_rlimit_nofile 16384;
pid {folder}/pid;
{user}
events {{ worker_connections 8192; }}
http {{
    access_log off;
    tcp_nopush on;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    include {folder}/media.conf;
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configuration(path, parts):
    """A file of cdn/ with parts of it replaced; one that is not there would be tested as it is not."""
    text = (CDN / path).read_text()
    for old, new in parts.items():
        if old not in text:
            raise RuntimeError(f"cdn/{path} has no {old!r}")
        text = text.replace(old, new)
    return text


class Front:
    """A program that listens. As a context manager it is killed, and its folder removed, however the check ends."""

    name = None

    def __init__(self, port=None):
        self.folder = Path(tempfile.mkdtemp(prefix=f"edge-{self.name}-"))
        self.folder.chmod(0o755)
        self.port = port or free_port()
        self.process = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *failure):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        """Also once more, with what it has kept in its folder."""
        command = self.command()
        with open(self.folder / "said", "ab") as said:
            self.process = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS_MAX
        while self.process.poll() is None and time.monotonic() < deadline:
            if self.is_listening():
                return self
            time.sleep(0.05)
        raise RuntimeError(f"{self.name} did not come up: {(self.folder / 'said').read_text()[-2000:]}")

    def is_listening(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        """SIGKILL to all of its processes."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        while self.is_listening():
            time.sleep(0.05)


class Nginx(Front):
    name = "nginx"

    def __init__(self, origin, port=None, purge_port=None):
        super().__init__(port)
        self.origin, self.purge_port = origin, purge_port or free_port()

    @staticmethod
    def target(port):
        return f"nginx:nginx,url=http://127.0.0.1:{port}"

    def command(self):
        parts = {
            "/var/lib/nginx/media": f"{self.folder}/cache",
            "127.0.0.1:8080": f"127.0.0.1:{self.origin}",
            "listen 8081;": f"listen 127.0.0.1:{self.port} backlog=4096;",
            "127.0.0.1:8082": f"127.0.0.1:{self.purge_port}",
        }
        (self.folder / "media.conf").write_text(configuration("nginx/media.conf", parts))
        user = "user www-data;" if os.geteuid() == 0 else ""
        (self.folder / "nginx.conf").write_text(NGINX.format(module=NGINX_MODULE, folder=self.folder, user=user))
        return ["nginx", "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", "stderr"]


class Varnish(Front):
    name = "varnish"

    def __init__(self, origin, port=None):
        super().__init__(port)
        self.origin = origin

    @staticmethod
    def target(port):
        return f"varnish:varnish,url=http://127.0.0.1:{port}"

    def command(self):
        parts = {'.port = "8080";': f'.port = "{self.origin}";'}
        (self.folder / "default.vcl").write_text(configuration("varnish/default.vcl", parts))
        return ["varnishd", "-F", "-j", "none", "-f", self.folder / "default.vcl", "-n", self.folder / "work"] + [
            *("-a", f"127.0.0.1:{self.port}"), *("-s", "malloc,256m"), *("-p", "listen_depth=4096"),
        ]


class HAProxy(Front):
    name = "haproxy"

    def __init__(self, origins):
        """`origins`: two pairs of the public and the admin port."""
        super().__init__()
        self.origins = origins

    def command(self):
        parts = {"bind :8083": f"bind 127.0.0.1:{self.port}"}
        for place, (port, admin) in zip(("127.0.0.1:8080 port 9090", "127.0.0.1:8180 port 9190"), self.origins):
            parts[place] = f"127.0.0.1:{port} port {admin}"
            parts[f"{place.split()[0]} backup"] = f"127.0.0.1:{port} backup"
        (self.folder / "haproxy.cfg").write_text(configuration("haproxy/haproxy.cfg", parts))
        return ["haproxy", "-db", "-f", self.folder / "haproxy.cfg"]
