import ArgumentParser
import MediaRuntime

/// `mediactl docs`: the page that docs/CLI.md is. For whoever changes a command; help does not show it.
struct CommandDocs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docs",
        abstract: "Print all commands and what they take as a page in Markdown.",
        shouldDisplay: false
    )

    /// Columns of the help texts in the page.
    private static let columns = 100

    func run() async throws { CommandExit.say(Self.page) }

    static var page: String {
        ([Self.opening] + Self.sections(of: Mediactl.self, named: ["mediactl"])).joined(separator: "\n\n")
    }

    /// The command's own section, then those of its subcommands.
    private static func sections(of command: any ParsableCommand.Type, named name: [String]) -> [String] {
        let subcommands = command.configuration.subcommands.filter { $0.configuration.shouldDisplay }
        let below = subcommands.flatMap { Self.sections(of: $0, named: name + [$0._commandName]) }
        return [Self.section(of: command, named: name)] + below
    }

    private static func section(of command: any ParsableCommand.Type, named name: [String]) -> String {
        let help = Mediactl.helpMessage(for: command, columns: Self.columns)
        let level = String(repeating: "#", count: min(name.count + 1, 3))
        return "\(level) `\(name.joined(separator: " "))`\n\n```\n\(Self.withoutSettings(help))\n```"
    }

    /// Settings are the same for many commands, and have a page of their own.
    private static func withoutSettings(_ help: String) -> String {
        let paragraphs = help.split(separator: "\n\n").map { paragraph in
            paragraph.hasPrefix("SETTINGS:")
                ? "SETTINGS: see CONFIGURATION.md; --help lists those it takes." : paragraph
        }
        return paragraphs.map { $0.trimmed }.joined(separator: "\n\n")
    }

    private static let opening = """
        # The command line

        This page is made by `mediactl docs`; change Sources/mediactl, not the page.

        `mediactl` has three kinds of commands:

        - **Assets** (`upload`, `show`, `delete` …) talk to the service over HTTP, from anywhere: `--origin` says where
          it is, `--token` opens it.
        - **Operations** (`keys`, `fsck`, `backup` …) look after a data folder, on its machine. While a service runs,
          it does them: `mediactl` asks it through the socket `control.sock` in the data folder, so that it must run as
          the service's user or as root. Where no service runs, `mediactl` takes the folder's lock and does the same
          itself, as the folder's user only: what root writes the service could not read. `restore` and
          `fsck --rebuild` are done without a service only. ^C stops an operation where that is safe; what was done
          stays done.
        - **This machine** (`convert`, `config`) needs no service and no data folder.

        | exit code | meaning |
        |---|---|
        | 0 | done |
        | 1 | failed: something that was asked for was not done |
        | 2 | the arguments or settings make no sense; nothing was tried |
        | 3 | a check is not met: there are findings, and they were not all repaired |

        Answers go to standard output, complaints and progress to standard error; progress is shown on a terminal, and
        anywhere with `--progress`. With `--json` an answer is one JSON object a line. An operation's lines have `kind`
        (`row`, `finding`, `done`, `failed`; `progress` on standard error), `text` for people and `fields` for programs;
        the last line is `done` or `failed`, and one that did not come means failed too.

        Completion for a shell: `mediactl --generate-completion-script bash` (or `zsh`, `fish`), for example

        ```sh
        mediactl --generate-completion-script bash > /etc/bash_completion.d/mediactl
        ```

        `make completions man` writes those of all three, and manual pages, to .build/share.
        """
}

extension StringProtocol {
    /// Without the line breaks at its end.
    fileprivate var trimmed: String { String(self.reversed().drop(while: \.isNewline).reversed()) }
}
