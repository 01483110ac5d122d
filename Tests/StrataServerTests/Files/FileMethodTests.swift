import DecthingsAPI
import Strata
import StrataTesting
import Testing

@testable import StrataServer

@Suite struct FileMethodTests {
    /// A served model.
    private struct Served {
        let server: TestServer
        let model: ModelID
        var caller = Caller.everybody

        @discardableResult
        func call(_ method: String, _ params: String, blobs: [[UInt8]] = [], client: ClientKind = .named) async throws -> TestServer.Answer {
            try await server.call("FS/\(method)", #"{"modelId":"\#(model)",\#(params)}"#, blobs: blobs, as: caller, client: client)
        }

        func code(_ method: String, _ params: String, blobs: [[UInt8]] = []) async throws -> String? {
            try await call(method, params, blobs: blobs).error?.code.rawValue
        }

        /// Makes a file as a client does.
        func file(_ name: String, _ bytes: [UInt8] = [], in parent: UInt64 = 1) async throws -> UInt64 {
            let made = try await call("mknod", #""parent":\#(parent),"name":"\#(b64(name))","mode":33188,"dev":0"#)
            let inode = try made.result(as: FSInodeResult.self).inode
            if !bytes.isEmpty { try await call("write", #""inode":\#(inode),"offset":0,"truncate":true"#, blobs: [bytes]) }
            return inode
        }

        func directory(_ name: String, in parent: UInt64 = 1) async throws -> UInt64 {
            try await call("mkdir", #""parent":\#(parent),"name":"\#(b64(name))","mode":493"#).result(as: FSInodeResult.self).inode
        }

        func names(_ inode: UInt64 = 1) async throws -> [String] {
            try await call("readdir", #""inode":\#(inode)"#).result(as: FSReaddirResult.self).entries
                .map { String(decoding: $0.basename.bytes, as: UTF8.self) }
        }
    }

    private func serve(_ body: (Served) async throws -> Void) async throws {
        try await TestServer.with { server in
            var options = ModelOptions()
            options.filesystemSizeMebibytes = 1
            try await body(Served(server: server, model: try await server.store.createModel(named: "m", options: options).id))
        }
    }

    @Test func aFileIsUploadedAsClientsDoIt() async throws {
        try await serve { served in
            #expect(try await served.code("lookup", #""parent":1,"name":"bWFpbi5weQ==""#) == "ENOENT")
            let made = try await served.call("mknod", #""parent":1,"name":"bWFpbi5weQ==","mode":33188,"dev":0"#)
            let inode = try made.result(as: FSInodeResult.self).inode
            #expect(made.result["stat"]?["mode"] == 0o100644)
            let first = try await served.call("write", #""inode":\#(inode),"offset":7,"truncate":true"#, blobs: [Array("prin".utf8)])
            #expect(first.result == ["bytesWritten": 4])
            try await served.call("write", #""inode":\#(inode),"offset":4"#, blobs: [Array("t(1)".utf8)])
            let read = try await served.call("read", #""inode":\#(inode),"offset":0,"count":100"#)
            #expect(read.result == [:] && read.blobs == [Array("print(1)".utf8)])
            let found = try await served.call("lookup", #""parent":0,"name":"bWFpbi5weQ==""#)
            #expect(found.result["inode"] == .integer(Int64(inode)) && found.result["stat"]?["size"] == 8)
            let stored = try await served.server.store.fileBytes(at: "main.py", of: served.model)
            #expect(stored == Array("print(1)".utf8))
        }
    }

    @Test func theStatHasAllFieldsAndBothSpellings() async throws {
        try await serve { served in
            let inode = try await served.file("f", [1, 2, 3])
            let change = #""inode":\#(inode),"mode":448,"atime":{"sec":5,"nsec":6},"mtime":{"sec":-2,"nsec":999999999}"#
            let stat = try #require(try await served.call("setattr", change).result["stat"])
            let expected: [String: JSONValue] = [
                "mode": 0o100700, "nlink": 1, "rdev": 0, "size": 3, "blksize": 4096, "blocks": 8, "atime": 5, "atime_nsec": 6, "atimeNsec": 6,
                "mtime": -2, "mtime_nsec": 999_999_999, "mtimeNsec": 999_999_999,
            ]
            for (field, value) in expected { #expect(stat[field] == value, "\(field)") }
            #expect(stat["ctime"] != nil && stat["ctime_nsec"] == stat["ctimeNsec"])
            let read = try await served.call("getattr", #""inode":\#(inode)"#).result["stat"]
            #expect(read == stat)
            for (bad, field) in [
                (#""atime":{"sec":9223372036854775807,"nsec":0}"#, "atime"), (#""mtime":{"sec":0,"nsec":1000000000}"#, "mtime"), (#""mode":-1"#, "mode"),
                (#""size":-1"#, "size"), (#""atime":5"#, "atime"), (#""size":"1""#, "size"),
            ] {
                let error = try await served.call("setattr", #""inode":\#(inode),\#(bad)"#).error
                #expect(error?.code == .invalidParameter && error?.parameterName == field, "\(bad)")
            }
        }
    }

    @Test func readsEndWithTheFileAndAlwaysCarryABlob() async throws {
        try await serve { served in
            let inode = try await served.file("f", SeededBytes.random(1000, seed: 1))
            let empty = try await served.file("empty")
            for (inode, offset, count, expected) in [
                (inode, "0", "10", 10), (inode, "990", "100", 10), (inode, "1000", "1", 0), (inode, "5", "0", 0),
                (inode, "9007199254740991", "9007199254740991", 0), (inode, "9223372036854775807", "9223372036854775807", 0), (empty, "0", "10", 0),
            ] {
                let answer = try await served.call("read", #""inode":\#(inode),"offset":\#(offset),"count":\#(count)"#)
                #expect(answer.blobs.map(\.count) == [expected], "\(offset) \(count)")
            }
            for bad in [#""offset":-1,"count":1"#, #""offset":0,"count":-1"#, #""offset":0"#, #""offset":0.5,"count":1"#] {
                #expect(try await served.code("read", #""inode":\#(inode),\#(bad)"#) == "invalid_parameter")
            }
        }
    }

    @Test func oneReadAnswersAtMostSixteenMebibytes() async throws {
        try await serve { served in
            try await served.server.store.setFilesystemSize(of: served.model, mebibytes: 64)
            let bytes = SeededBytes.random(17 << 20, seed: 2)
            let inode = try await served.file("f", bytes)
            let answer = try await served.call("read", #""inode":\#(inode),"offset":100,"count":99999999"#)
            #expect(answer.blobs == [Array(bytes[100..<100 + 16 << 20])])
        }
    }

    @Test func pythonsWriteComesAsMknod() async throws {
        try await serve { served in
            let inode = try await served.file("f", [1, 2, 3])
            let answer = try await served.call("mknod", #""inode":\#(inode),"offset":1"#, blobs: [[9]], client: .pythonAsync)
            #expect(answer.result == ["bytesWritten": 1])
            let read = try await served.call("read", #""inode":\#(inode),"offset":0,"count":10"#)
            #expect(read.blobs == [[1, 9, 3]])
            #expect(try await served.code("mknod", #""inode":1,"offset":0"#, blobs: [[9]]) == "EISDIR")
            #expect(try await served.code("mknod", #""inode":99,"offset":0"#, blobs: [[9]]) == "ESTALE")
        }
    }

    @Test func everyCodeIsTheOneOfErrno() async throws {
        try await serve { served in
            let f = try await served.file("f", [1])
            let d = try await served.directory("d")
            _ = try await served.file("inner", in: d)
            let l = try await served.call("symlink", #""parent":1,"name":"\#(b64("l"))","link":"\#(b64("f"))""#).result(as: FSInodeResult.self).inode
            let n = { (name: String) in #""name":"\#(b64(name))""# }
            let to = { (parent: UInt64, name: String) in #""newparent":\#(parent),"newname":"\#(b64(name))""# }
            let cases: [(method: String, params: String, code: String)] = [
                ("lookup", #""parent":99,\#(n("f"))"#, "ESTALE"), ("lookup", #""parent":1,\#(n("x"))"#, "ENOENT"), ("lookup", #""parent":\#(f),\#(n("x"))"#, "ENOTDIR"),
                ("getattr", #""inode":99"#, "ESTALE"), ("setattr", #""inode":99"#, "ESTALE"), ("setattr", #""inode":\#(f),"size":1048577"#, "EFBIG"),
                ("setattr", #""inode":\#(f),"size":9223372036854775807"#, "EFBIG"), ("setattr", #""inode":\#(d),"size":1"#, "EISDIR"), ("setattr", #""inode":\#(l),"size":1"#, "invalid_parameter"),
                ("mknod", #""parent":99,\#(n("x")),"mode":0,"dev":0"#, "ESTALE"), ("mknod", #""parent":\#(f),\#(n("x")),"mode":0,"dev":0"#, "ENOTDIR"),
                ("mknod", #""parent":1,\#(n("f")),"mode":0,"dev":0"#, "EEXIST"), ("mknod", #""parent":1,\#(n("x")),"mode":8612,"dev":0"#, "invalid_parameter"),
                ("read", #""inode":99,"offset":0,"count":1"#, "ESTALE"), ("read", #""inode":\#(d),"offset":0,"count":1"#, "EISDIR"), ("read", #""inode":\#(l),"offset":0,"count":1"#, "EINVAL"),
                ("symlink", #""parent":99,\#(n("x")),"link":"eA==""#, "ESTALE"), ("symlink", #""parent":\#(f),\#(n("x")),"link":"eA==""#, "ENOTDIR"),
                ("symlink", #""parent":1,\#(n("f")),"link":"eA==""#, "EEXIST"), ("symlink", #""parent":1,\#(n("x")),"link":"""#, "invalid_parameter"),
                ("readlink", #""inode":99"#, "ESTALE"), ("readlink", #""inode":\#(f)"#, "EINVAL"), ("readlink", #""inode":\#(d)"#, "EINVAL"),
                ("mkdir", #""parent":99,\#(n("x")),"mode":493"#, "ESTALE"), ("mkdir", #""parent":\#(f),\#(n("x")),"mode":493"#, "ENOTDIR"), ("mkdir", #""parent":1,\#(n("l")),"mode":493"#, "EEXIST"),
                ("unlink", #""parent":99,\#(n("f"))"#, "ESTALE"), ("unlink", #""parent":\#(f),\#(n("f"))"#, "ENOTDIR"), ("unlink", #""parent":1,\#(n("x"))"#, "ENOENT"), ("unlink", #""parent":1,\#(n("d"))"#, "EISDIR"),
                ("rmdir", #""parent":99,\#(n("d"))"#, "ESTALE"), ("rmdir", #""parent":1,\#(n("f"))"#, "ENOTDIR"), ("rmdir", #""parent":1,\#(n("x"))"#, "ENOENT"), ("rmdir", #""parent":1,\#(n("d"))"#, "ENOTEMPTY"),
                ("rmdirAll", #""parent":99,\#(n("d"))"#, "ESTALE"), ("rmdirAll", #""parent":1,\#(n("f"))"#, "ENOTDIR"), ("rmdirAll", #""parent":1,\#(n("x"))"#, "ENOENT"),
                ("rename", #""parent":99,\#(n("f")),\#(to(1, "g"))"#, "ESTALE"), ("rename", #""parent":1,\#(n("f")),\#(to(99, "g"))"#, "ESTALE"), ("rename", #""parent":1,\#(n("x")),\#(to(1, "g"))"#, "ENOENT"),
                ("rename", #""parent":1,\#(n("f")),\#(to(f, "g"))"#, "ENOTDIR"), ("rename", #""parent":1,\#(n("f")),\#(to(1, "d"))"#, "EISDIR"), ("rename", #""parent":1,\#(n("d")),\#(to(1, "f"))"#, "ENOTDIR"),
                ("rename", #""parent":1,\#(n("f")),\#(to(1, "l")),"flags":1"#, "EEXIST"), ("rename", #""parent":1,\#(n("f")),\#(to(1, "g")),"flags":2"#, "invalid_parameter"),
                ("rename", #""parent":1,\#(n("d")),\#(to(d, "g"))"#, "invalid_parameter"),
                ("link", #""inode":99,\#(to(1, "g"))"#, "ESTALE"), ("link", #""inode":\#(f),\#(to(f, "g"))"#, "ENOTDIR"), ("link", #""inode":\#(d),\#(to(1, "g"))"#, "EPERM"), ("link", #""inode":\#(f),\#(to(1, "l"))"#, "EEXIST"),
                ("readdir", #""inode":99"#, "ESTALE"), ("readdir", #""inode":\#(f)"#, "ENOTDIR"),
                ("copy", #""inode":99,\#(to(1, "g"))"#, "ESTALE"), ("copy", #""inode":\#(f),\#(to(99, "g"))"#, "ESTALE"), ("copy", #""inode":\#(f),\#(to(f, "g"))"#, "ENOTDIR"), ("copy", #""inode":\#(f),\#(to(1, "d"))"#, "EEXIST"),
            ]
            for (method, params, code) in cases { #expect(try await served.code(method, params) == code, "\(method) \(params)") }
            for (params, code) in [
                (#""inode":99,"offset":0"#, "ESTALE"), (#""inode":\#(d),"offset":0"#, "EISDIR"), (#""inode":\#(l),"offset":0"#, "EINVAL"), (#""inode":\#(f),"offset":1048576"#, "ENOSPC"),
                (#""inode":\#(f),"offset":9223372036854775807"#, "ENOSPC"), (#""inode":\#(f),"offset":-1"#, "invalid_parameter"),
            ] {
                #expect(try await served.code("write", params, blobs: [[1]]) == code, "\(params)")
            }
            #expect(try await served.code("write", #""inode":\#(f),"offset":0"#) == "invalid_parameter", "no blob")
            #expect(try await served.names() == ["d", "f", "l"])
        }
    }

    @Test func noSpaceIsLeftForInodesNorBytes() async throws {
        try await serve { served in
            let f = try await served.file("f", SeededBytes.random(600_000, seed: 1))
            #expect(try await served.code("copy", #""inode":\#(f),"newparent":1,"newname":"\#(b64("g"))""#) == "ENOSPC")
            for number in 0..<62 { _ = try await served.directory("d\(number)") }
            let more = #""parent":1,"name":"\#(b64("x"))""#
            #expect(try await served.code("mknod", more + #","mode":0,"dev":0"#) == "ENOSPC")
            #expect(try await served.code("mkdir", more + #","mode":0"#) == "ENOSPC")
            #expect(try await served.code("symlink", more + #","link":"eA==""#) == "ENOSPC")
        }
    }

    @Test func entriesAreListedLinkedRenamedCopiedAndRemoved() async throws {
        try await serve { served in
            let d = try await served.directory("d")
            let f = try await served.file("f", [1, 2], in: d)
            let linked = try await served.call("link", #""inode":\#(f),"newparent":1,"newname":"\#(b64("g"))""#)
            #expect(linked.result["stat"]?["nlink"] == 2)
            try await served.call("symlink", #""parent":1,"name":"\#(b64("l"))","link":"\#(b64("../é"))""#)
            let listed = try await served.call("readdir", #""inode":1"#).result["entries"]
            let inode = { (name: String) async throws -> JSONValue? in
                try await served.call("lookup", #""parent":1,"name":"\#(b64(name))""#).result["inode"]
            }
            #expect(
                listed == [
                    ["basename": "ZA==", "filetype": 0o040000, "ino": .integer(Int64(d))],
                    ["basename": "Zw==", "filetype": 0o100000, "ino": .integer(Int64(f))],
                    ["basename": "bA==", "filetype": 0o120000, "ino": try #require(try await inode("l"))],
                ])
            let link = try #require(try await inode("l")?.integerValue)
            let target = try await served.call("readlink", #""inode":\#(link)"#)
            #expect(target.result == [:] && target.blobs == [Array("../é".utf8)])
            #expect(try await served.call("rename", #""parent":1,"name":"\#(b64("g"))","newparent":\#(d),"newname":"\#(b64("h"))","flags":1"#).result == [:])
            #expect(try await served.call("copy", #""inode":\#(d),"newparent":1,"newname":"\#(b64("copy"))""#).result == [:])
            let copied = try #require(try await inode("copy")?.integerValue)
            #expect(try await served.names(UInt64(copied)) == ["f", "h"])
            #expect(try await served.call("unlink", #""parent":\#(d),"name":"\#(b64("f"))""#).result == [:])
            #expect(try await served.call("rmdirAll", #""parent":1,"name":"\#(b64("copy"))""#).result == [:])
            #expect(try await served.call("unlink", #""parent":\#(d),"name":"\#(b64("h"))""#).result == [:])
            #expect(try await served.call("rmdir", #""parent":1,"name":"\#(b64("d"))""#).result == [:])
            #expect(try await served.names() == ["l"])
        }
    }

    @Test func snapshotsAreReadAndNeverWritten() async throws {
        try await serve { served in
            let f = try await served.file("f", [1])
            let snapshot = try await served.server.store.createSnapshot(of: served.model, named: "s").id
            try await served.call("write", #""inode":\#(f),"offset":0,"truncate":true"#, blobs: [[2, 2]])
            let at = #","snapshotId":"\#(snapshot)""#
            #expect(try await served.call("read", #""inode":\#(f),"offset":0,"count":9\#(at)"#).blobs == [[1]])
            #expect(try await served.call("read", #""inode":\#(f),"offset":0,"count":9"#).blobs == [[2, 2]])
            #expect(try await served.call("getattr", #""inode":\#(f)\#(at)"#).result["stat"]?["size"] == 1)
            #expect(try await served.call("lookup", #""parent":1,"name":"Zg=="\#(at)"#).result["inode"] == .integer(Int64(f)))
            #expect(try await served.call("readdir", #""inode":1\#(at)"#).result["entries"]?.arrayValue?.count == 1)
            for unknown in [SnapshotID.random().rawValue, "x"] {
                #expect(try await served.code("getattr", #""inode":1,"snapshotId":"\#(unknown)""#) == "snapshot_not_found")
            }
            let user = try await served.server.store.createModel(
                named: "u", options: ModelOptions(origin: .basedOnSnapshot(snapshot, of: served.model)))
            let theirs = Served(server: served.server, model: user.id)
            #expect(try await theirs.call("read", #""inode":\#(f),"offset":0,"count":9"#).blobs == [[1]])
            for (method, params, blobs) in [
                ("write", #""inode":\#(f),"offset":0"#, [[UInt8(1)]]), ("setattr", #""inode":\#(f),"mode":0"#, []), ("unlink", #""parent":1,"name":"Zg==""#, []),
                ("mkdir", #""parent":1,"name":"eA==","mode":0"#, []), ("copy", #""inode":\#(f),"newparent":1,"newname":"eA==""#, []),
            ] {
                #expect(try await theirs.code(method, params, blobs: blobs) == "access_denied", "\(method)")
            }
        }
    }

    @Test func rightsAreAskedForAndUnknownModelsNotFound() async throws {
        try await serve { served in
            let f = try await served.file("f", [1])
            let reader = Served(server: served.server, model: served.model, caller: Caller(right: .read))
            #expect(try await reader.call("getattr", #""inode":\#(f)"#).error == nil)
            for (method, params, blobs) in [
                ("write", #""inode":\#(f),"offset":0"#, [[UInt8(1)]]), ("mknod", #""inode":\#(f),"offset":0"#, [[1]]), ("setattr", #""inode":\#(f)"#, []),
                ("rename", #""parent":1,"name":"Zg==","newparent":1,"newname":"eA==""#, []),
            ] {
                #expect(try await reader.code(method, params, blobs: blobs) == "access_denied", "\(method)")
            }
            let stranger = Served(server: served.server, model: served.model, caller: Caller(right: nil))
            #expect(try await stranger.code("getattr", #""inode":\#(f)"#) == "model_not_found")
            let unknown = Served(server: served.server, model: .random())
            #expect(try await unknown.code("getattr", #""inode":1"#) == "model_not_found")
            #expect(try await unknown.code("write", #""inode":1,"offset":0"#, blobs: [[1]]) == "model_not_found")
        }
    }

    @Test func hostileNamesAndNumbersAreRefused() async throws {
        try await serve { served in
            for name in ["", b64("."), b64(".."), b64("a/b"), b64("a\0b"), b64(String(repeating: "x", count: 256)), "a", "a===", "YQ", "Y Q==", "_-8="] {
                let error = try await served.call("mkdir", #""parent":1,"name":"\#(name)","mode":493"#).error
                #expect(error?.code == .invalidParameter && error?.parameterName == "name", "\(name)")
            }
            for parent in ["-1", "1.5", #""1""#, "null", "[]", "1e300"] {
                #expect(try await served.code("mkdir", #""parent":\#(parent),"name":"YQ==","mode":493"#) == "invalid_parameter", "\(parent)")
            }
            for name in ["'; DROP TABLE inodes; --", "\u{202e}", "\n", "-rf", "~", "$(id)", String(repeating: "\u{1f600}", count: 63)] {
                _ = try await served.file(name, [7])
                #expect(try await served.call("lookup", #""parent":1,"name":"\#(b64(name))""#).error == nil)
            }
            // Any bytes make a name.
            #expect(try await served.call("mkdir", #""parent":1,"name":"//79","mode":493"#).error == nil)
            #expect(try await served.names().count == 8)
        }
    }
}

func b64(_ text: String) -> String { Base64Bytes(text.utf8).text }
