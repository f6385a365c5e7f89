import FoundationEssentials

/// An authority of the tests' own and what it has signed, made by the `openssl` of the machine.
package struct TestCertificates: Sendable {
    private let folder: TemporaryFolder

    package init() async throws {
        self.folder = try TemporaryFolder()
        try await self.openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=authority", "-keyout", self.folder.path("authority.key"), "-out", self.authority,
        ])
    }

    /// What clients are to trust.
    package var authority: String { self.folder.path("authority.pem") }
    /// Where the service looks for its certificate, and for the key of it.
    package var certificate: String { self.folder.path("fullchain.pem") }
    package var key: String { self.folder.path("privkey.pem") }

    /// Puts a new certificate for 127.0.0.1 and `localhost` in place, and its key, with mode 0600.
    ///
    /// - Parameter days: until it expires.
    package func issue(days: Int) async throws {
        let request = self.folder.path("request.pem")
        let names = self.folder.path("names")
        try Data("subjectAltName=IP:127.0.0.1,DNS:localhost\n".utf8).write(to: URL(filePath: names))
        try await self.openssl([
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
            "-keyout", self.key, "-out", request,
        ])
        try await self.openssl([
            "x509", "-req", "-in", request, "-CA", self.authority, "-CAkey", self.folder.path("authority.key"),
            "-CAcreateserial", "-days", "\(days)", "-extfile", names, "-out", self.certificate,
        ])
    }

    private func openssl(_ arguments: [String]) async throws {
        let outcome = try await ChildProcess.run("/usr/bin/openssl", arguments)
        guard outcome.exit == .code(0) else { throw ChildProcess.Failure(description: outcome.errorText) }
    }
}
