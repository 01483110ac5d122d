// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "strata",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Strata", targets: ["Strata"]),
        .library(name: "ModelRuntime", targets: ["ModelRuntime"]),
        .library(name: "StrataServer", targets: ["StrataServer"]),
        .library(name: "StrataTesting", targets: ["StrataTesting"]),
        .executable(name: "strata", targets: ["StrataCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    ],
    targets: [
        .systemLibrary(
            name: "CLZ4", path: "Sources/CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
        .target(name: "CKernels"),
        .target(
            name: "ContentStore",
            dependencies: ["CKernels", "CLZ4", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: settings),
        .target(
            name: "CatalogMigrations", path: "migrations",
            resources: [
                .embedInCode("0001_initial.sql"), .embedInCode("0002_collection.sql"), .embedInCode("0003_operations.sql"),
                .embedInCode("0004_keys.sql"),
                .embedInCode("0005_makers.sql"), .embedInCode("0006_whole_bytes.sql"),
            ],
            swiftSettings: settings),
        .target(
            name: "Catalog",
            dependencies: ["ContentStore", "CatalogMigrations", .product(name: "GRDB", package: "GRDB.swift")],
            swiftSettings: settings),
        .target(
            name: "Strata",
            dependencies: ["Catalog", "ContentStore", .product(name: "Logging", package: "swift-log")],
            swiftSettings: settings),
        .target(name: "DecthingsAPI", swiftSettings: settings),
        .target(
            name: "ModelRuntime",
            dependencies: [
                "Strata", "DecthingsAPI",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: settings),
        .target(
            name: "StrataServer",
            dependencies: [
                "Strata", "DecthingsAPI", "ModelRuntime",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOWebSocket", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings),
        .target(name: "CFaultVFS", linkerSettings: [.linkedLibrary("sqlite3")]),
        .target(
            name: "StrataTesting", dependencies: ["Strata", "ContentStore", "CFaultVFS"], swiftSettings: settings),
        .executableTarget(
            name: "StrataCommand",
            dependencies: [
                "Strata", "DecthingsAPI", "ModelRuntime", "StrataServer",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "tools/strata", swiftSettings: settings,
            // Swift's static library exports all symbols, which nothing looks up: each start would read through 47,000 of them.
            linkerSettings: [.unsafeFlags(["-Xlinker", "--no-export-dynamic"], .when(platforms: [.linux], configuration: .release))]),
        .executableTarget(
            name: "StrataBench",
            dependencies: [
                "Strata", "ModelRuntime", "Catalog", "ContentStore", "CKernels", "CLZ4",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            path: "tools/bench/StrataBench", swiftSettings: settings),
        .executableTarget(
            name: "CrashCampaign",
            dependencies: ["Strata", "StrataTesting", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "tools/crash_campaign", swiftSettings: settings),
        .testTarget(
            name: "ContentStoreTests", dependencies: ["ContentStore", "CKernels", "StrataTesting"], swiftSettings: settings),
        .testTarget(
            name: "CatalogTests",
            dependencies: [
                "Catalog", "CatalogMigrations", "ContentStore", "Strata", "StrataTesting",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "CrashWriter", dependencies: ["Strata", "StrataTesting"], path: "Tests/Support/CrashWriter",
            swiftSettings: settings),
        .testTarget(
            name: "StrataTests",
            dependencies: [
                "Strata", "ContentStore", "StrataTesting", "CrashWriter", "CrashCampaign", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            resources: [.copy("Golden")],
            swiftSettings: settings),
        .testTarget(name: "DecthingsAPITests", dependencies: ["DecthingsAPI"], swiftSettings: settings),
        .testTarget(
            name: "ModelRuntimeTests",
            dependencies: [
                "ModelRuntime", "Strata", "DecthingsAPI", "StrataTesting", .product(name: "Logging", package: "swift-log"),
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            exclude: ["Models"], swiftSettings: settings),
        .testTarget(
            name: "StrataServerTests",
            dependencies: [
                "StrataServer", "ModelRuntime", "Strata", "DecthingsAPI", "StrataTesting",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "StrataCommand", "DecthingsAPI", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),
        .testTarget(name: "HouseTests", swiftSettings: settings),
        .target(
            name: "FuzzTargets", dependencies: ["Strata", "ContentStore", "DecthingsAPI", "CKernels", .product(name: "GRDB", package: "GRDB.swift"), .product(name: "Logging", package: "swift-log")],
            path: "Tests/Fuzz/Targets",
            swiftSettings: settings),
        .testTarget(
            name: "FuzzTests", dependencies: ["FuzzTargets", "StrataTesting", "ContentStore", "DecthingsAPI", "Strata"], swiftSettings: settings),
    ]
)

// The driver links against libFuzzer, which only a build with its instrumentation has: `tools/fuzz` asks for it.
if Context.environment["STRATA_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(name: "StrataFuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Driver", swiftSettings: settings))
}
