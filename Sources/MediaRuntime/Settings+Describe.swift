extension Settings {
    /// One line of `config show`.
    package struct Line: Sendable, Hashable {
        package let key: String
        /// Secrets are masked; nil: not set.
        package let value: String?
        /// `default`, or where the value came from.
        package let source: String
    }

    /// The effective settings in the order of the table, and where each came from.
    package func describe() -> [Line] {
        Self.table.map { setting in
            let text = setting.text(self)
            return Line(
                key: setting.key,
                value: setting.isSecret ? text.map { _ in Secret.mask } : text,
                source: self.origins[setting.key]?.description ?? "default"
            )
        }
    }

    /// Whether a flag, a variable or a file sets it; a default does not.
    package func isGiven(_ key: String) -> Bool { self.origins[key] != nil }

    /// All settings as a table in Markdown: what docs/CONFIGURATION.md shows.
    package static func markdownTable() -> String {
        let head = ["| setting | default | value | for |", "|---|---|---|---|"]
        let rows = Self.table.map { setting in
            let standard =
                switch setting.defaultText {
                case nil: "none"
                // Words about a default rather than its text.
                case let words? where words.contains(" "): words
                case let text?: "`\(text)`"
                }
            let expected = setting.expected.replacing("|", with: "\\|")
            return "| `\(setting.key)` | \(standard) | \(expected) | \(setting.summary) |"
        }
        return (head + rows).joined(separator: "\n") + "\n"
    }

    /// The drivers of purge targets and their options.
    private static func purgeTargetsTable() -> String {
        let rows = PurgeTargetText.Kind.allCases.map { kind in
            let options = kind.options.map { option -> String in
                if kind.required.contains(option) { return "**`\(option.rawValue)`**" }
                let standard = kind.standard[option].map { " (`\($0)`)" } ?? ""
                return "`\(option.rawValue)`\(standard)"
            }
            return "  | `\(kind.rawValue)` | \(options.joined(separator: ", ")) |"
        }
        return (["  | driver | options (bold: needed; in parentheses: the default) |", "  |---|---|"] + rows)
            .joined(separator: "\n") + "\n"
    }

    /// The whole of docs/CONFIGURATION.md, which `mediactl config docs` prints and a test compares.
    package static func markdownPage() -> String {
        """
        # Configuration

        This page is made by `mediactl config docs`; change Sources/MediaRuntime, not the page.

        Every setting has one key with three spellings: `http.port` in a file is `MEDIA_HTTP_PORT` in the environment
        and `--http-port` on the command line. Flags go before the environment, that before the file given with
        `--config`, that before the defaults. A program takes the flags of the settings it reads, and checks variables
        and files whole.

        A value that does not parse, an unknown `MEDIA_` variable or an unknown key in the file stops the start; all
        problems are reported at once, secrets masked. An empty value is a value: to have the default, leave it out.
        `mediactl config show` prints the effective settings and where each came from.

        \(Self.markdownTable())
        ## Values

        - Bytes: a whole number, or one with `KiB`, `MiB` or `GiB`. Times: a whole number with one of
          \(TimeSpan.unitNames.map { "`\($0)`" }.joined(separator: ", ")).
        - Presets: `name:options`, separated by `;`; in a file also a list. Options are `w`, `h`, `fit`, `q` (or `ssim`
          or `bytes`), `effort`, `lossless`, `anim`, `bg`, `gravity`, `profile`, `format`, `formats`, as in
          `card:w=640,h=480,fit=cover,gravity=focus,ssim=0.985`; [API.md](API.md#options) says what they mean. A
          change counts for versions that are uploaded from then on.

        - Purge targets: `name:driver,option=value,…`, separated by `;`; in a file also a list. Secrets are in files of
          their own, which are read at the start. `rate` is requests a second.

        \(Self.purgeTargetsTable())
          For example `edge:varnish,url=http://10.0.0.5:6081`, or
          `cdn:fastly,service=SU1Z0isxPaozGVKXdv0eY,token-file=/run/secrets/fastly`. What each is told, and what it has
          to be set up with, is in [cdn/README.md](../cdn/README.md).

        ## Files

        YAML or JSON, nested or with dots:

        ```yaml
        http:
          port: 8081
        log.level: debug
        presets:
          - thumbnail:w=320,h=320
          - card:w=640,h=480,fit=cover
        ```

        ## Rules between settings

        - The service does not start on a public address without authentication set up: with `http.host` other than
          loopback, `api.token` is needed.
        - `tls.certificate.file` and `tls.key.file` go together.
        - `admin.host` is a loopback address or one of a private network; the admin listener has no authentication. In
          Kubernetes, set `MEDIA_ADMIN_HOST` from the field `status.podIP`.
        - `http.port` and `admin.port` differ, unless both are 0.
        - `image.pixels.max` is at most `image.pixels.total.max`.
        - A purge target that goes by tags finds them: `cdn.profile` has its field.
        - A purge target with `by=urls` needs `site`, or `public.base.url`.

        In Kubernetes, a Service named `media` puts variables such as `MEDIA_PORT` into every pod, which are no settings
        of ours and stop the start: set `enableServiceLinks: false`, or name the Service otherwise.

        """
    }
}
