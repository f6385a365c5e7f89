import Glibc
import NIOSSL

/// Where the certificate chain and its key are, as PEM. Symbolic links are followed, as certbot's are.
package struct CertificateFiles: Sendable, Hashable {
    /// The leaf first, then what leads to the root.
    package let certificate: String
    package let key: String

    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }

    /// More is no certificate.
    private static let bytesMax = 1 << 20

    /// What tells one pair of files from another without reading them.
    struct Stamp: Sendable, Hashable {
        private let numbers: [Int64]

        fileprivate init(_ files: [stat]) {
            self.numbers = files.flatMap {
                [Int64($0.st_ino), Int64($0.st_size), Int64($0.st_mtim.tv_sec), Int64($0.st_mtim.tv_nsec)]
            }
        }
    }

    /// Nil where one of them is not there.
    var stamp: Stamp? {
        var files: [stat] = []
        for path in [self.certificate, self.key] {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            files.append(status)
        }
        return Stamp(files)
    }

    /// Reads the pair.
    ///
    /// - Throws: ``CertificateError`` where one of them cannot be read, is none, or does not go with the other.
    func load() throws -> (context: NIOSSLContext, notAfterSeconds: Int) {
        let chain = try Self.parsed(self.certificate) {
            try NIOSSLCertificate.fromPEMBytes(try Self.read(self.certificate, isSecret: false))
        }
        guard let leaf = chain.first else { throw CertificateError(self.certificate, "expected a certificate in PEM") }
        let key = try Self.parsed(self.key) {
            try NIOSSLPrivateKey(bytes: try Self.read(self.key, isSecret: true), format: .pem)
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuiteValues = Self.cipherSuites
        configuration.applicationProtocols = ["h2", "http/1.1"]
        // NIO checks the key against the certificate here.
        let context = try Self.parsed(self.key, "it is not the key of \(self.certificate)") {
            try NIOSSLContext(configuration: configuration)
        }
        return (context, Int(leaf.notValidAfter))
    }

    /// Of TLS 1.2: forward secrecy and authenticated encryption (Mozilla's "intermediate"). Those of 1.3 are fixed.
    private static let cipherSuites: [NIOTLSCipher] = [
        .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]

    private static func parsed<Value>(
        _ path: String,
        _ problem: String = "expected PEM without a passphrase",
        _ body: () throws -> Value
    ) throws -> Value {
        do {
            return try body()
        } catch let error as CertificateError {
            throw error
        } catch {
            throw CertificateError(path, "\(problem) (\(error))")
        }
    }

    private static func read(_ path: String, isSecret: Bool) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw CertificateError(path, String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.bytesMax
        else {
            throw CertificateError(path, "expected a regular file of at most 1 MiB")
        }
        if isSecret { try Self.checkIsPrivate(path, status) }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let free = bytes.count - count
            let part = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress.map { $0 + count }, free) }
            guard part > 0 else { break }
            count += part
        }
        return Array(bytes.prefix(count))
    }

    /// The rule of PostgreSQL: nothing for others; the group may read what root owns, because who hands out
    /// certificates runs as root and who uses them does not (Debian's group `ssl-cert`).
    private static func checkIsPrivate(_ path: String, _ status: stat) throws {
        let forbidden: mode_t = status.st_uid == 0 ? 0o037 : 0o077
        guard status.st_mode & forbidden == 0 else {
            let mode = String(status.st_mode & 0o7777, radix: 8)
            throw CertificateError(path, "mode 0\(mode); expected 0600, or 0640 where root owns it")
        }
    }
}

/// Why a certificate cannot be used; for the operator.
package struct CertificateError: Error, CustomStringConvertible {
    package let description: String

    init(_ path: String, _ problem: String) { self.description = "\(path): \(problem)" }
}
