/// ARCHITECTURE §5, rules 1 to 4, as one table: what each module may import. What is not in its row, and no part of the
/// language or the system, is a violation; so is a module without a row.
enum ImportRules {
    /// Parts of the language and the system; MediaModel has no I/O and takes less.
    static let system: Set<String> = ["Foundation", "FoundationEssentials", "Glibc", "Synchronization", "Dispatch"]
    /// Glibc for wiping memory (`explicit_bzero`), which is no I/O.
    static let systemForModel: Set<String> = ["FoundationEssentials", "Glibc", "Synchronization"]

    static let allowed: [String: Set<String>] = [
        "MediaModel": [],
        "MediaOrigin": ["MediaModel", "Logging", "Metrics", "Tracing"],

        "MediaConfinement": ["MediaModel", "CConfinement"],
        "MediaImaging": ["MediaModel", "CPixels", "CPlanes", "CVipsShim", "CWebP"],
        "MediaWorkers": ["MediaModel", "CSandbox", "Logging", "Metrics", "NIOCore", "NIOPosix"],
        "MediaSealing": ["MediaModel", "CCrypto", "AsyncHTTPClient", "NIOCore", "NIOHTTP1", "NIOPosix"],
        "MediaStore": ["MediaModel", "CCachedFile", "NIOCore", "NIOPosix"],
        "MediaCatalog": ["MediaModel", "GRDB", "GRDBSQLite", "CPostgres", "Logging"],
        "MediaPurging": ["MediaModel", "AsyncHTTPClient", "NIOCore", "NIOHTTP1"],
        "MediaMetrics": ["MediaModel", "CoreMetrics"],
        "MediaTracing": [
            "MediaModel", "AsyncHTTPClient", "Logging", "Metrics", "NIOCore", "NIOHTTP1", "Tracing",
        ],
        "MediaBench": ["Histogram"],

        "MediaHTTP": [
            "MediaModel", "MediaOrigin", "MediaMetrics", "CSandbox", "CZlib", "Hummingbird", "HummingbirdCore",
            "HTTPTypes", "NIOCore", "NIOHTTP1", "NIOHTTPTypes", "NIOPosix", "ServiceLifecycle", "Logging", "Metrics",
            "HummingbirdHTTP2", "NIOHTTP2", "NIOHTTPTypesHTTP2", "NIOSSL", "NIOTLS", "Tracing",
        ],
        "MediaRuntime": [
            "MediaModel", "MediaOrigin", "MediaWorkers", "MediaSealing", "MediaStore", "MediaCatalog", "MediaMetrics",
            "MediaPurging", "CSandbox", "ArgumentParser", "Configuration", "SystemPackage", "ServiceLifecycle",
            "Logging", "Metrics",
            "CoreMetrics", "NIOCore", "NIOPosix", "MediaTracing", "Tracing",
        ],
        "mediad": [
            "MediaModel", "MediaRuntime", "MediaHTTP", "MediaMetrics", "MediaSealing", "Hummingbird", "ArgumentParser",
            "ServiceLifecycle", "UnixSignals", "Logging", "Metrics", "NIOCore",
        ],
        "mediactl": [
            "MediaModel", "MediaBench", "MediaOrigin", "MediaPurging", "MediaRuntime", "MediaWorkers",
            "ArgumentParser", "AsyncHTTPClient", "CDisk", "Logging", "NIOCore", "NIOHTTP1", "NIOPosix",
        ],
        "mediaworker": ["MediaModel", "MediaConfinement", "MediaImaging", "MediaWorkers"],
        "MediaTesting": ["MediaModel", "Logging"],
    ]

    /// The headers of C libraries, and the modules of C that may include them.
    static let headers: [(prefix: String, modules: Set<String>)] = [
        ("<vips/", ["CVips", "CVipsShim"]), ("<webp/", ["CWebP"]), ("<jpeglib", ["CPlanes"]),
        ("<openssl/", ["CCrypto"]),
        ("<seccomp", ["CConfinement"]), ("<zlib", ["CZlib"]), ("<libpq", ["CPostgres"]), ("<hiredis/", ["CHiredis"]),
    ]

    static func violations(_ file: SourceFile) -> [Violation] {
        file.isSwift ? self.ofSwift(file) : self.ofC(file)
    }

    private static func ofSwift(_ file: SourceFile) -> [Violation] {
        let system = file.module == "MediaModel" ? Self.systemForModel : Self.system
        return file.code.enumerated().compactMap { index, line in
            guard let name = Self.imported(line), !system.contains(name) else { return nil }
            guard let allowed = Self.allowed[file.module] else {
                return file.violation(index, "\(file.module) has no row in ImportRules")
            }
            return allowed.contains(name) ? nil : file.violation(index, "\(file.module) may not import \(name)")
        }
    }

    /// The module that a line imports: `package import struct M.Name` and all that.
    private static func imported(_ line: String) -> String? {
        let words = line.split(separator: " ")
        guard let position = words.firstIndex(of: "import"),
            words[..<position].allSatisfy({ $0.hasPrefix("@") || ["package", "public", "internal"].contains($0) })
        else { return nil }
        return words.last?.split(separator: ".").first.map(String.init)
    }

    private static func ofC(_ file: SourceFile) -> [Violation] {
        file.lines.enumerated().flatMap { index, line -> [Violation] in
            guard line.hasPrefix("#include ") else { return [] }
            return Self.headers.filter { line.contains($0.prefix) && !$0.modules.contains(file.module) }
                .map { file.violation(index, "\(file.module) may not include \($0.prefix)…>") }
        }
    }
}
