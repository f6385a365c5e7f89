# Varnish (7.1 or later, with vmod_xkey of varnish-modules) in front of mediad. What every part is for is in
# cdn/README.md; the tests run this very file, with the address of the origin that they started.

vcl 4.1;

import std;
import xkey;

backend origin {
    .host = "127.0.0.1";
    .port = "8080";
    .connect_timeout = 2s;
    # A rendition that has to be mended first may take the render deadline of 10 s.
    .first_byte_timeout = 15s;
    .between_bytes_timeout = 10s;
    # No such URL: an origin that works says 404. While it does not, stale-if-error counts.
    .probe = {
        .url = "/a/";
        .expected_response = 404;
        .interval = 1s;
        .timeout = 1s;
        .window = 3;
        .threshold = 2;
        .initial = 2;
    }
}

# Where mediad purges from, and nobody else: whoever can purge can have the origin asked for everything again.
acl purgers {
    "127.0.0.1";
    "::1";
}

sub vcl_recv {
    if (req.method == "PURGE" || req.method == "BAN") {
        if (client.ip !~ purgers) {
            return (synth(403, "Not a purger"));
        }
        call purge;
    }
    if (req.method != "GET" && req.method != "HEAD") {
        return (synth(405, "Method Not Allowed"));
    }
    # The API and everything else of the origin are not for the world.
    if (req.url !~ "^/a/") {
        return (synth(404, "Not Found"));
    }
    # Nor is what was uploaded, with the place where it was taken.
    if (req.url ~ "/original(\?|$)") {
        return (synth(404, "Not Found"));
    }
    # Nothing below depends on who asks.
    unset req.http.Cookie;
    unset req.http.Authorization;
    # A URL without an extension is negotiated: three kinds of readers have three objects, not one for each spelling. A
    # weight of 0 says no.
    if (req.url ~ "^[^?]*\.[a-z0-9]+(\?|$)") {
        unset req.http.Accept;
    } elseif (req.http.Accept ~ "(?i)image/avif(?![^,]*;\s*q=0\.?0*\s*(,|$))") {
        set req.http.Accept = "image/avif,image/webp";
    } elseif (req.http.Accept ~ "(?i)image/webp(?![^,]*;\s*q=0\.?0*\s*(,|$))") {
        set req.http.Accept = "image/webp";
    } else {
        unset req.http.Accept;
    }
    # While the origin works: stale-while-revalidate. While it does not: all the grace that an object has.
    if (std.healthy(req.backend_hint)) {
        if (req.url ~ "^/a/[^/]+/latest/") {
            set req.grace = 600s;
        } else {
            set req.grace = 86400s;
        }
    }
    return (hash);
}

# What mediad's varnish driver says. `xkey-softpurge`: the next reader gets the old once more while the new is fetched.
# `xkey-purge`: nobody gets the old any more.
sub purge {
    if (req.http.xkey-purge) {
        set req.http.X-Purged = xkey.purge(req.http.xkey-purge);
        return (synth(200, "Purged"));
    }
    if (req.http.xkey-softpurge) {
        set req.http.X-Purged = xkey.softpurge(req.http.xkey-softpurge);
        return (synth(200, "Soft purged"));
    }
    if (req.http.ban-surrogate-key) {
        # On the object alone, so that the ban lurker can work on it.
        if (std.ban("obj.http.Surrogate-Key ~ " + req.http.ban-surrogate-key)) {
            return (synth(200, "Banned"));
        }
        return (synth(400, std.ban_error()));
    }
    return (synth(400, "Nothing to purge"));
}

sub vcl_backend_response {
    # A refresh in the background that fails must not take the old away: stale-if-error.
    if (beresp.status >= 500 && bereq.is_bgfetch) {
        return (abandon);
    }
    if (beresp.http.Surrogate-Key) {
        set beresp.http.xkey = beresp.http.Surrogate-Key;
    }
    # Varnish knows max-age and stale-while-revalidate; an object is kept for as long as stale-if-error says.
    if (beresp.http.Cache-Control ~ "stale-if-error=[0-9]+") {
        set beresp.grace = std.duration(
            regsub(beresp.http.Cache-Control, "^.*stale-if-error=([0-9]+).*$", "\1s"), 0s);
    }
}

# What Varnish itself says is kept nowhere.
sub vcl_backend_error {
    set beresp.http.Cache-Control = "no-store";
}

sub vcl_synth {
    set resp.http.Cache-Control = "no-store";
    if (resp.status == 405) {
        set resp.http.Allow = "GET, HEAD";
    }
}

sub vcl_deliver {
    unset resp.http.xkey;
    # RFC 9211; what the origin said stands before it.
    if (obj.hits > 0) {
        set req.http.X-Cache-Status = "varnish; hit";
    } else {
        set req.http.X-Cache-Status = "varnish; fwd=miss";
    }
    if (resp.http.Cache-Status) {
        set resp.http.Cache-Status = resp.http.Cache-Status + ", " + req.http.X-Cache-Status;
    } else {
        set resp.http.Cache-Status = req.http.X-Cache-Status;
    }
}
