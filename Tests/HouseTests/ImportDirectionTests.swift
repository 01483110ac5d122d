import Testing

/// Arrows point one way only: a module imports what stands here and nothing else of ours.
@Suite struct ImportDirectionTests {
    static let modules: [(folder: String, imports: Set<String>)] = [
        ("Sources/ContentStore", ["CLZ4", "CKernels", "Crypto"]),
        ("migrations", []),
        ("Sources/Catalog", ["ContentStore", "CatalogMigrations", "GRDB"]),
        ("Sources/Strata", ["Catalog", "ContentStore", "Logging"]),
        ("Sources/DecthingsAPI", []),
        (
            "Sources/ModelRuntime",
            ["Strata", "DecthingsAPI", "NIOCore", "NIOPosix", "NIOConcurrencyHelpers", "Logging", "Subprocess", "SystemPackage"]
        ),
        (
            "Sources/StrataServer",
            [
                "Strata", "DecthingsAPI", "ModelRuntime", "Hummingbird", "HummingbirdCore", "HummingbirdTLS", "HTTPTypes", "NIOCore",
                "NIOPosix", "NIOHTTP1", "NIOHTTPTypes", "NIOHTTPTypesHTTP1", "NIOWebSocket", "NIOSSL", "ServiceLifecycle", "Logging",
                "Metrics", "CoreMetrics", "Tracing", "ServiceContextModule", "Crypto",
            ]
        ),
        ("Sources/StrataTesting", ["Strata", "ContentStore", "CFaultVFS", "Logging"]),
        ("tools/strata", ["Strata", "DecthingsAPI", "ModelRuntime", "StrataServer", "ArgumentParser", "Logging"]),
    ]

    /// Parts of the toolchain, which every module may use.
    static let toolchain: Set<String> = [
        "Swift", "Foundation", "FoundationEssentials", "Dispatch", "Glibc", "Synchronization", "Testing",
    ]

    @Test(arguments: modules.indices)
    func moduleImportsOnlyWhatStandsBelowIt(number: Int) throws {
        let (folder, allowed) = Self.modules[number]
        let files = try SourceTree.files(in: folder, ending: ".swift")
        #expect(!files.isEmpty, "\(folder) has no Swift files")
        for file in files {
            var isInLiteral = false
            for (line, text) in file.lines.enumerated() {
                // Programs in other languages stand in literals of several lines.
                if Self.delimitersOfLiterals(text) % 2 == 1 { isInLiteral.toggle() }
                guard !isInLiteral, let name = Self.importedModule(text), !Self.toolchain.contains(name) else { continue }
                #expect(allowed.contains(name), "\(file.path):\(line + 1) imports \(name); \(folder) may import \(allowed.sorted())")
            }
        }
    }

    @Test func everyModuleOfThePackageIsListed() throws {
        let folders = try SourceTree.files(in: "Sources", ending: ".swift").map { $0.path.split(separator: "/").prefix(2).joined(separator: "/") }
        #expect(Set(folders).isSubset(of: Set(Self.modules.map(\.folder))))
    }

    @Test func importIsFoundInEveryForm() {
        #expect(Self.importedModule("import GRDB") == "GRDB")
        #expect(Self.importedModule("public import struct Foundation.URL") == "Foundation")
        #expect(Self.importedModule("@testable internal import Strata // why") == "Strata")
        #expect(Self.importedModule("    @preconcurrency import Catalog") == "Catalog")
        #expect(Self.importedModule("// import GRDB") == nil)
        #expect(Self.importedModule("let important = 1") == nil)
    }

    /// How often a line begins or ends a literal of several lines.
    static func delimitersOfLiterals(_ line: String) -> Int { line.replacing("\\\"\"\"", with: "").split(separator: "\"\"\"", omittingEmptySubsequences: false).count - 1 }

    @Test func delimitersOfLiteralsAreCounted() {
        #expect(Self.delimitersOfLiterals(#"let text = """"#) == 1)
        #expect(Self.delimitersOfLiterals(#"    """ + rest"#) == 1)
        #expect(Self.delimitersOfLiterals(#"let empty = "" + "x""#) == 0)
        #expect(Self.delimitersOfLiterals(##"    \""""##) == 0)
    }

    /// The module that a line imports.
    static func importedModule(_ line: String) -> String? {
        var words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })[...]
        while let first = words.first, first.hasPrefix("@") || ["public", "package", "internal", "private", "fileprivate"].contains(first) {
            words = words.dropFirst()
        }
        guard words.first == "import" else { return nil }
        words = words.dropFirst()
        if let kind = words.first, ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"].contains(kind) {
            words = words.dropFirst()
        }
        return words.first.map { String($0.split(separator: ".")[0]) }
    }
}
