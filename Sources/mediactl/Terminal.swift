import Glibc

/// Standard error, where a person sees it: a line that the next one takes the place of.
enum Terminal {
    /// Where the terminal does not say how wide it is.
    private static let columnsDefault = 80
    /// Back to the first column, then clear the line (ECMA-48: EL).
    private static let clearing = "\r\u{1B}[2K"

    /// Whether standard error is one.
    static var isThere: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether standard output is one, too.
    static var isOutput: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Shows a line until the next one or ``clear()``. What is too long for the terminal's line is cut: a line that
    /// wraps cannot be taken back.
    static func show(_ line: String) { Self.write(Self.clearing + line.prefix(Self.columns - 1)) }

    /// Takes back what ``show(_:)`` left.
    static func clear() { Self.write(Self.clearing) }

    private static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return Self.columnsDefault }
        return Int(size.ws_col)
    }

    private static func write(_ text: String) {
        // A progress that does not arrive is no loss.
        _ = Array(text.utf8).withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
