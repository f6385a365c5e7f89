// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .treatAllWarnings(as: .error),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdHTTP2 = Target.Dependency.product(name: "HummingbirdHTTP2", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTP2 = Target.Dependency.product(name: "NIOHTTP2", package: "swift-nio-http2")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTPTypesHTTP2 = Target.Dependency.product(name: "NIOHTTPTypesHTTP2", package: "swift-nio-extras")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let inMemoryTracing = Target.Dependency.product(name: "InMemoryTracing", package: "swift-distributed-tracing")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

/// A library of ours; its tests live in `Tests/<name>Tests`.
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swift)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: swift)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: swift)
}

let package = Package(
    name: "image-origin",
    products: [
        .executable(name: "mediad", targets: ["mediad"]),
        .executable(name: "mediaworker", targets: ["mediaworker"]),
        .executable(name: "mediactl", targets: ["mediactl"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(
            url: "https://github.com/apple/swift-configuration",
            from: "1.4.0",
            traits: [.defaults, "YAML"]
        ),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.7.3"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // C: one concern a module.
        .systemLibrary(name: "CVips", pkgConfig: "vips", providers: [.apt(["libvips-dev"])]),
        .target(name: "CVipsShim", dependencies: ["CVips"]),
        .target(name: "CWebP", linkerSettings: [.linkedLibrary("webp")]),
        .target(name: "CCrypto", linkerSettings: [.linkedLibrary("crypto")]),
        .target(name: "CCachedFile"),
        .target(name: "CDisk"),
        .target(name: "CPixels"),
        // A JPEG's planes, for those pictures that need no pixels in between.
        .target(name: "CPlanes", linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("m")]),
        .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
        .target(name: "CSandbox"),
        // A module of its own, so that only the programs that decode pictures need libseccomp.
        .target(name: "CConfinement", linkerSettings: [.linkedLibrary("seccomp")]),

        // The model and the use cases on it.
        module("MediaModel", []),
        module("MediaOrigin", ["MediaModel", logging, metrics, tracing]),

        // Adapters; none imports another.
        module("MediaImaging", ["MediaModel", "CPixels", "CPlanes", "CVipsShim", "CWebP"]),
        module("MediaConfinement", ["MediaModel", "CConfinement"]),
        module("MediaWorkers", ["MediaModel", "CSandbox", logging, nioPosix]),
        module("MediaSealing", ["MediaModel", "CCrypto", asyncHTTPClient, nioCore, nioHTTP1, nioPosix]),
        module("MediaStore", ["MediaModel", "CCachedFile", nioPosix]),
        module("MediaCatalog", ["MediaModel", grdb, grdbSQLite]),
        module("MediaPurging", ["MediaModel", asyncHTTPClient, nioCore, nioHTTP1]),
        module("MediaMetrics", [coreMetrics]),
        module("MediaTracing", ["MediaModel", asyncHTTPClient, logging, metrics, nioCore, nioHTTP1, tracing]),

        // What `mediactl bench` measures and compares with; knows nothing of the service.
        module("MediaBench", [histogram]),

        // Faces and composition.
        module(
            "MediaHTTP",
            [
                "MediaModel", "MediaOrigin", "MediaMetrics", "CSandbox", "CZlib", hummingbird, hummingbirdCore,
                httpTypes, lifecycle,
                logging,
                metrics,
                nioCore,
                nioHTTP1, nioHTTPTypes, nioPosix,
                hummingbirdHTTP2, nioHTTP2, nioHTTPTypesHTTP2, nioSSL, nioTLS, tracing,
            ]
        ),
        module(
            "MediaRuntime",
            [
                "MediaModel", "MediaOrigin", "MediaWorkers", "MediaSealing", "MediaStore", "MediaCatalog",
                "MediaMetrics", "MediaPurging", "MediaTracing", "CSandbox", argumentParser, configuration, coreMetrics,
                systemPackage, lifecycle, logging, metrics, nioCore, nioPosix, tracing,
            ]
        ),
        program(
            "mediad",
            [
                "MediaRuntime", "MediaHTTP", "MediaModel", "MediaOrigin", "MediaMetrics", "MediaSealing",
                argumentParser,
                lifecycle,
                unixSignals, logging, nioCore,
            ]
        ),
        program(
            "mediactl",
            [
                "MediaRuntime", "MediaBench", "MediaModel", "MediaOrigin", "MediaPurging", "MediaWorkers", "CDisk",
                argumentParser, asyncHTTPClient, logging,
                nioCore,
                nioHTTP1,
                nioPosix,
            ]
        ),
        program("mediaworker", ["MediaConfinement", "MediaImaging", "MediaWorkers", "MediaModel"]),

        // What checks/sealing_speed.py measures; part of no product.
        .executableTarget(
            name: "SealingBench",
            dependencies: ["MediaSealing", "MediaModel"],
            path: "checks/SealingBench",
            swiftSettings: swift
        ),

        // What checks/sandbox_cpu.py measures; part of no product.
        .executableTarget(
            name: "SandboxBench",
            dependencies: ["MediaImaging", "MediaWorkers", "MediaModel", logging],
            path: "checks/SandboxBench",
            swiftSettings: swift
        ),

        // What checks/cache.py measures; part of no product.
        .executableTarget(
            name: "CacheBench",
            dependencies: ["MediaOrigin", "MediaModel", "MediaTesting"],
            path: "checks/CacheBench",
            swiftSettings: swift
        ),

        // Tests.
        module("MediaTesting", ["MediaModel"]),
        tests("MediaModelTests", ["MediaModel", "MediaTesting"]),
        tests(
            "MediaImagingTests",
            ["MediaImaging", "MediaModel", "MediaTesting", "CPixels", "CPlanes", "CSampler", "CVipsShim", "CWebP"]
        ),
        // Draws JPEGs in samplings that libvips does not write.
        .target(name: "CSampler", path: "Tests/CSampler", linkerSettings: [.linkedLibrary("jpeg")]),
        // A worker that crashes, hangs and lies on demand.
        .executableTarget(
            name: "FakeWorker",
            dependencies: ["MediaWorkers", "MediaModel", "CSandbox"],
            path: "Tests/FakeWorker",
            swiftSettings: swift
        ),
        // The real worker, with an engine that tries to break out of the sandbox.
        .target(name: "CProbe", path: "Tests/CProbe"),
        .executableTarget(
            name: "ProbeWorker",
            dependencies: ["MediaConfinement", "MediaImaging", "MediaWorkers", "MediaModel", "CProbe"],
            path: "Tests/ProbeWorker",
            swiftSettings: swift
        ),
        tests(
            "MediaConfinementTests",
            [
                "MediaConfinement", "MediaImaging", "MediaWorkers", "MediaModel", "MediaTesting", "CProbe",
                "ProbeWorker", "mediaworker", logging,
            ]
        ),
        tests("MediaWorkersTests", ["MediaWorkers", "MediaModel", "MediaTesting", "FakeWorker", logging, "CSandbox"]),
        tests("MediaSealingTests", ["MediaSealing", "MediaModel", "MediaTesting"]),
        tests("MediaStoreTests", ["MediaStore", "MediaModel", "MediaTesting"]),
        tests("MediaCatalogTests", ["MediaCatalog", "MediaModel", "MediaTesting", grdb, grdbSQLite]),
        tests("MediaPurgingTests", ["MediaPurging", "MediaModel", "MediaSealing", "MediaTesting"]),
        tests("MediaOriginTests", ["MediaOrigin", "MediaModel", "MediaTesting", tracing, inMemoryTracing]),
        tests("MediaTracingTests", ["MediaTracing", "MediaModel", "MediaTesting", logging, tracing]),
        tests(
            "MediaHTTPTests",
            [
                "MediaHTTP", "MediaMetrics", "MediaModel", "MediaOrigin", "MediaTesting", "MediaTracing", coreMetrics,
                hummingbird, httpTypes,
                nioCore,
                nioEmbedded,
                nioHTTP1, nioHTTPTypes, lifecycle, logging, tracing,
            ]
        ),
        tests("CPixelsTests", ["CPixels"]),
        tests("MediaBenchTests", ["MediaBench"]),
        tests("MediaMetricsTests", ["MediaMetrics", coreMetrics]),
        tests(
            "MediaRuntimeTests",
            [
                "MediaRuntime", "MediaMetrics", "MediaModel", "MediaOrigin", "MediaSealing", "MediaTesting",
                argumentParser, logging,
            ]
        ),
        tests("WireTests", ["MediaTesting", "MediaModel", "mediad", "mediactl", "mediaworker"]),
        tests(
            "CommandTests",
            [
                "MediaTesting", "MediaBench", "MediaModel", "MediaOrigin", "MediaRuntime", "mediad", "mediactl",
                "mediaworker", argumentParser,
            ]
        ),
        tests("TidyTests", []),
    ],
    swiftLanguageModes: [.v6]
)
