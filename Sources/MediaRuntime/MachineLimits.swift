import FoundationEssentials
import Glibc
import MediaModel

/// What the machine, or the container, lets the service have. Read at a scrape: all of it can change under way.
enum MachineLimits {
    /// Where control groups are mounted (cgroups(7), version 2).
    private static let controlGroups = "/sys/fs/cgroup"

    /// Of the disk that a folder is on: as statvfs(3) says it to us, not to root.
    ///
    /// - Returns: nil where the folder cannot be looked at.
    static func disk(of folder: String) -> StoreRoom? {
        var room = statvfs()
        guard statvfs(folder, &room) == 0 else { return nil }
        let unit = Int(room.f_frsize)
        return StoreRoom(free: Int(room.f_bavail) * unit, total: Int(room.f_blocks) * unit)
    }

    /// What the process and its children may take before something is killed: the least `memory.max` of its control
    /// group and of those above it, or the memory of the machine.
    ///
    /// - Returns: nil where neither can be read.
    static func memoryBytes() -> Int? {
        let groups = Self.text("/proc/self/cgroup").flatMap { Self.groups(of: $0) } ?? []
        let limits = groups.compactMap { Self.text("\(Self.controlGroups)\($0)/memory.max") }.compactMap(Self.limit)
        return (limits + [Self.machineBytes()].compactMap { $0 }).min()
    }

    /// The group that `/proc/self/cgroup` names in its line of version 2 (`0::/a/b`) and all above it: `/a/b`, `/a` and
    /// the empty path.
    static func groups(of text: String) -> [String]? {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("0::/") }) else { return nil }
        let names = line.dropFirst("0::".count).split(separator: "/")
        return (0...names.count).reversed().map { names.prefix($0).map { "/\($0)" }.joined() }
    }

    /// - Parameter text: of `memory.max`: bytes, or `max`.
    static func limit(_ text: String) -> Int? { Int(text.prefix { $0.isNumber }) }

    private static func machineBytes() -> Int? {
        let (pages, pageBytes) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        return pages > 0 && pageBytes > 0 ? pages * pageBytes : nil
    }

    private static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
