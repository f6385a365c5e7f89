import FoundationEssentials
import Glibc
import MediaTesting
import Testing

@testable import MediaHTTP

@Suite struct ControlSocketTests {
    @Test func onlyItsUserMayConnect() throws {
        let folder = try TemporaryFolder()
        let descriptor = try ControlSocket.bind(folder.path("control.sock"))
        defer { close(descriptor) }
        var status = stat()
        #expect(lstat(folder.path("control.sock"), &status) == 0)
        #expect(status.st_mode == S_IFSOCK | 0o600)
        #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func aSocketThatNobodyAnswersOnIsReplaced() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("control.sock")
        close(try ControlSocket.bind(path))
        #expect(access(path, F_OK) == 0, "the name outlives its service")
        let descriptor = try ControlSocket.bind(path)
        defer { close(descriptor) }
        #expect(listen(descriptor, 1) == 0)
        let error = #expect(throws: ControlSocketError.self) { try ControlSocket.bind(path) }
        #expect(error?.description == "\(path): another process answers there")
        ControlSocket.unlink(path)
        #expect(access(path, F_OK) != 0)
    }

    /// Even while as many connections wait as may.
    @Test func aBusySocketIsAnsweredOn() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("control.sock")
        let descriptor = try ControlSocket.bind(path)
        defer { close(descriptor) }
        #expect(listen(descriptor, 0) == 0)
        for _ in 0..<5 { #expect(throws: ControlSocketError.self) { try ControlSocket.bind(path) } }
        #expect(access(path, F_OK) == 0)
    }

    @Test func whatIsNoSocketIsLeftAlone() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("control.sock")
        try Data("precious".utf8).write(to: URL(filePath: path))
        #expect(throws: ControlSocketError.self) { try ControlSocket.bind(path) }
        #expect(try Data(contentsOf: URL(filePath: path)) == Data("precious".utf8))
        let link = folder.path("link.sock")
        #expect(symlink(path, link) == 0)
        #expect(throws: ControlSocketError.self) { try ControlSocket.bind(link) }
    }

    @Test func aPathThatIsTooLongIsSaid() throws {
        let folder = try TemporaryFolder()
        let room = ControlSocket.pathBytesMax - folder.path.utf8.count - 1
        let longest = folder.path(String(repeating: "s", count: room))
        close(try ControlSocket.bind(longest))
        let error = #expect(throws: ControlSocketError.self) { try ControlSocket.bind(longest + "s") }
        #expect(error?.description.contains("108 bytes") == true)
        #expect(error?.description.contains("1 to 107") == true)
        #expect(throws: ControlSocketError.self) { try ControlSocket.bind("") }
        #expect(throws: ControlSocketError.self) { try ControlSocket.bind(folder.path("no/such/folder.sock")) }
    }
}
