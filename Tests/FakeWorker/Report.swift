import CSandbox
import Glibc
import MediaWorkers

/// What a worker finds itself in, one fact a line, for the tests to look at.
enum Report {
    static func text() -> String {
        var lines: [String] = []
        for line in Self.file("/proc/self/limits").split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            // "Max core file size   0   0   bytes": the soft and the hard limit end it, before the unit.
            if line.hasPrefix("Max") { lines.append("limit \(words.joined(separator: " "))") }
        }
        for variable in Self.file("/proc/self/environ").split(separator: "\0") {
            lines.append("variable \(variable.prefix { $0 != "=" })")
        }
        for number in Int32(0)..<256 where fcntl(number, F_GETFD) >= 0 { lines.append("open \(number)") }
        for number in Int32(0)..<2 { lines.append("descriptor \(number) \(Self.target(number))") }
        lines.append("dumpable \(Self.prctl(PR_GET_DUMPABLE))")
        lines.append("no-new-privileges \(Self.prctl(PR_GET_NO_NEW_PRIVS))")
        lines.append("leads-its-group \(getpgrp() == getpid())")
        lines.append("large-allocation \(Self.canAllocate(bytes: 3 << 30) ? "possible" : "refused")")
        lines.append(
            "memory-file-under-file-size-limit \(Self.canFillMemoryUnderFileSizeLimit() ? "possible" : "refused")"
        )
        return lines.joined(separator: "\n") + "\n"
    }

    private static func file(_ path: String) -> String {
        guard let stream = fopen(path, "r") else { return "" }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        let count = fread(&bytes, 1, bytes.count, stream)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private static func target(_ number: Int32) -> String {
        var path = [CChar](repeating: 0, count: 1024)
        let length = readlink("/proc/self/fd/\(number)", &path, path.count)
        return String(decoding: path.prefix(max(0, length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    // <sys/prctl.h>, which Glibc's module leaves out; the function is variadic, so Swift would not import it either.
    private static let PR_GET_DUMPABLE: Int32 = 3
    private static let PR_GET_NO_NEW_PRIVS: Int32 = 39

    private static func prctl(_ option: Int32) -> Int32 {
        typealias Function = @convention(c) (Int32, UInt, UInt, UInt, UInt) -> Int32
        guard let symbol = dlsym(nil, "prctl") else { return -1 }
        return unsafeBitCast(symbol, to: Function.self)(option, 0, 0, 0, 0)
    }

    private static func canAllocate(bytes: Int) -> Bool {
        let address = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard address != MAP_FAILED else { return false }
        munmap(address, bytes)
        return true
    }

    /// Shows why RLIMIT_FSIZE is not among the limits.
    private static func canFillMemoryUnderFileSizeLimit() -> Bool {
        signal(SIGXFSZ, SIG_IGN)
        let resource = Int32(RLIMIT_FSIZE.rawValue)
        var before = rlimit()
        getrlimit(resource, &before)
        var none = before
        none.rlim_cur = 0
        setrlimit(resource, &none)
        defer { setrlimit(resource, &before) }
        do {
            var draft = try MemoryDraft(name: "probe", bytes: 3)
            try draft.append([1, 2, 3])
            return true
        } catch {
            return false
        }
    }
}
