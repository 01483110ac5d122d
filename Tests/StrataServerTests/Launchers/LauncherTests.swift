import DecthingsAPI
import Foundation
import ModelRuntime
import Strata
import Testing

@testable import StrataServer

@Suite struct LauncherTests {
    private func create(_ server: TestServer, _ name: String = "launcher", spec: String = #"{"cpus": 1, "memoryMebibytes": 64}"#) async throws -> String {
        try await server.call("PersistentLauncher/createPersistentLauncher", #"{"name": "\#(name)", "spec": \#(spec)}"#)
            .result(as: CreatePersistentLauncherResult.self).persistentLauncherId
    }

    private func list(_ server: TestServer, _ params: String = "{}", as caller: Caller = .everybody) async throws -> GetPersistentLaunchersResult {
        try await server.call("PersistentLaunchers/getPersistentLaunchers", params, as: caller).result(as: GetPersistentLaunchersResult.self)
    }

    private func active(_ server: TestServer, _ id: String) async throws -> DecthingsAPI.PersistentLauncher {
        while true {
            if let found = try await list(server, #"{"filter": {"ids": ["\#(id)"]}}"#).persistentLaunchers.first, found.state == .active { return found }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test func aLauncherIsMadeShownAndDeleted() async throws {
        try await TestServer.with { server in
            let id = try await create(server, "first", spec: #"{"cpus": 0.5, "memoryMebibytes": 64, "gpus": {"model": "L4", "count": 1}}"#)
            let launcher = try await active(server, id)
            #expect(launcher.name == "first")
            #expect(launcher.spec == DecthingsAPI.LauncherSpec(cpus: 0.5, memoryMebibytes: 64, gpus: DecthingsAPI.GPUSpec(model: "L4", count: 1)))
            #expect(launcher.createdAt ?? 0 > 1_600_000_000_000)
            #expect(launcher.running == [])
            let params = #"{"persistentLauncherId": "\#(id)"}"#
            #expect(try await server.call("PersistentLauncher/deletePersistentLauncher", params).result.isEmpty)
            while try await list(server).total > 0 { try await Task.sleep(for: .milliseconds(5)) }
            for missing in [id, "no id"] {
                let params = #"{"persistentLauncherId": "\#(missing)"}"#
                for method in ["getSysinfo", "deletePersistentLauncher"] {
                    #expect(try await server.refusal("PersistentLauncher/\(method)", params) == .persistentLauncherNotFound)
                }
            }
        }
    }

    @Test func oneWithoutRoomIsStillBeingCreated() async throws {
        var configuration = ProcessExecutor.Configuration()
        configuration.capacity = MachineCapacity(cpus: 2, memoryMebibytes: 100)
        configuration.persistentLaunchersMax = 2
        try await TestServer.with(configuration: configuration) { server in
            _ = try await active(server, try await create(server, "a"))
            let second = try await create(server, "b")
            let shown = try #require(try await list(server, #"{"filter": {"searchName": "B"}}"#).persistentLaunchers.first)
            #expect((shown.id, shown.state, shown.createdAt) == (second, .creating, nil))
            let third = try await server.call("PersistentLauncher/createPersistentLauncher", #"{"name": "c", "spec": {"cpus": 1, "memoryMebibytes": 64}}"#)
            #expect(third.error?.code == .quotaExceeded)
            let names = try await list(server, #"{"sort": "name", "sortDirection": "asc", "limit": 1, "offset": 1}"#)
            #expect(names.persistentLaunchers.map(\.name) == ["b"])
            #expect((names.total, names.offset, names.limit) == (2, 1, 1))
            let bad = try await server.call("PersistentLauncher/createPersistentLauncher", #"{"name": "c", "spec": {"cpus": -1, "memoryMebibytes": 64}}"#)
            #expect((bad.error?.code, bad.error?.parameterName) == (.invalidParameter, "spec"))
        }
    }

    @Test func whatRunsIsNamedAndKeepsADeletedLauncher() async throws {
        try await TestServer.with { server in
            let launcher = try await create(server, spec: #"{"cpus": 1, "memoryMebibytes": 512}"#)
            _ = try await active(server, launcher)
            let id = try await server.createModel(running: "hang_in_create")
            let location = #"{"type": "persistentLauncher", "persistentLauncherId": "\#(launcher)"}"#
            async let running = CreateStateTests.create(server, id, location: location)
            let state = try await server.creation(of: id)
            while try await list(server).persistentLaunchers.first?.running.isEmpty != false { try await Task.sleep(for: .milliseconds(5)) }
            #expect(try await list(server).persistentLaunchers.first?.running == [.init(id: state.rawValue, type: .createModelState)])
            let params = #"{"persistentLauncherId": "\#(launcher)"}"#
            #expect(try await server.call("PersistentLauncher/deletePersistentLauncher", params).error == nil)
            #expect(try await list(server).persistentLaunchers.first?.state == .deleting)
            #expect(try await server.refusal("PersistentLauncher/deletePersistentLauncher", params) == .persistentLauncherBeingDeleted)
            #expect(try await CreateStateTests.create(server, id, location: location).error?.code == .persistentLauncherNotFound)
            try await server.call("Model/cancelCreateState", #"{"modelId": "\#(id)", "stateId": "\#(state)"}"#)
            #expect(try await running.result["failed"]?["error"] == ["code": "cancelled"])
            while try await list(server).total > 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    @Test func usageIsMeasuredFromTheFirstSecond() async throws {
        try await TestServer.with { server in
            let launcher = try await create(server)
            _ = try await active(server, launcher)
            var points: [SysinfoPoint] = []
            while points.isEmpty {
                points = try await server.call("PersistentLauncher/getSysinfo", #"{"persistentLauncherId": "\#(launcher)"}"#).result(as: SysinfoResult.self).sysinfo
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(points[0].cpus >= 0)
            let last = points[points.count - 1].timestamp
            let later = try await server.call(
                "PersistentLauncher/getSysinfo", #"{"persistentLauncherId": "\#(launcher)", "fromTimestamp": \#(last + 3_600_000)}"#)
            #expect(later.result == ["sysinfo": []])
        }
    }

    @Test func callersWithRightsToSingleModelsSeeNoLaunchers() async throws {
        try await TestServer.with { server in
            let launcher = try await create(server)
            let id = try await server.createModel()
            let caller = Caller(right: nil, rightsByID: [id.rawValue: .readwrite])
            #expect(try await list(server, as: caller).total == 0)
            #expect(try await list(server, as: Caller(right: .read)).total == 1)
            let params = #"{"persistentLauncherId": "\#(launcher)"}"#
            #expect(try await server.refusal("PersistentLauncher/getSysinfo", params, as: caller) == .persistentLauncherNotFound)
            #expect(try await server.refusal("PersistentLauncher/deletePersistentLauncher", params, as: Caller(right: .read)) == .persistentLauncherNotFound)
            #expect(
                try await server.refusal(
                    "PersistentLauncher/createPersistentLauncher", #"{"name": "l", "spec": {"cpus": 1, "memoryMebibytes": 64}}"#,
                    as: Caller(right: .read)) == .quotaExceeded)
            let location = #"{"type": "persistentLauncher", "persistentLauncherId": "\#(launcher)"}"#
            #expect(try await CreateStateTests.create(server, id, location: location, as: caller).error?.code == .persistentLauncherNotFound)
        }
    }
}
