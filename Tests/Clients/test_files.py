"""Files of models, as both flavours of the Python client reach them."""

from support.scenario import Scenario, with_both_clients


class Files:
    def setUp(self):
        self.target = self.new_model()
        self.fs = self.calls.fs

    def at(self, **more):
        return {"modelId": self.target, **more}

    def directory(self, name, parent=1):
        return self.ok(self.fs.mkdir(self.at(parent=parent, name=name, mode=0o755)))["inode"]

    def read(self, inode, offset=0, count=1 << 20, **more):
        return self.ok(self.fs.read(self.at(inode=inode, offset=offset, count=count, **more)))["data"]

    def test_a_file_is_uploaded_and_read_back(self):
        inode = self.put(self.target, "main.py", "print('é')\n")
        self.assertEqual(self.read(inode), "print('é')\n".encode())

    def test_a_file_of_a_mebibyte_and_more_comes_back_byte_for_byte(self):
        data = bytes(range(256)) * 5000
        inode = self.put(self.target, "large.bin", data)
        self.assertEqual(self.read(inode, count=2 << 20), data)
        self.assertEqual(self.read(inode, offset=1_000_000, count=1000), data[1_000_000:1_001_000])

    def test_reading_past_the_end_answers_nothing(self):
        inode = self.put(self.target, "f", b"abc")
        self.assertEqual(self.read(inode, offset=3), b"")
        self.assertEqual(self.read(inode, offset=1 << 40), b"")
        self.assertEqual(self.read(self.put(self.target, "empty", b"")), b"")

    def test_writes_at_an_offset_replace_and_extend(self):
        inode = self.put(self.target, "f", b"abcdef")
        self.ok(self.fs.write(self.at(inode=inode, offset=2, data=b"XY")))
        self.ok(self.fs.write(self.at(inode=inode, offset=8, data="end")))
        self.assertEqual(self.read(inode), b"abXYef\0\0end")

    def test_a_file_grows_by_appends(self):
        inode, whole = self.put(self.target, "f", b""), b""
        for number in range(8):
            part = bytes([number]) * 100_000
            self.ok(self.fs.write(self.at(inode=inode, offset=len(whole), data=part)))
            whole += part
        self.assertEqual(self.read(inode), whole)

    def test_stat_has_the_fields_of_both_spellings(self):
        inode = self.put(self.target, "f", b"abc")
        stat = self.ok(self.fs.getattr(self.at(inode=inode)))["stat"]
        self.assertEqual((stat["mode"], stat["size"], stat["nlink"], stat["rdev"], stat["blocks"]), (0o100644, 3, 1, 0, 8))
        for time in ("atime", "mtime", "ctime"):
            self.assertIsInstance(stat[time], int)
            self.assertEqual(stat[f"{time}_nsec"], stat[f"{time}Nsec"])

    def test_setattr_changes_what_is_given(self):
        inode = self.put(self.target, "f", b"abcdef")
        stat = self.ok(self.fs.setattr(self.at(inode=inode, mode=0o600, size=3, mtime={"sec": 7, "nsec": 8})))["stat"]
        self.assertEqual((stat["mode"], stat["size"], stat["mtime"], stat["mtime_nsec"]), (0o100600, 3, 7, 8))
        self.assertEqual(self.read(inode), b"abc")

    def test_directories_are_listed_in_the_order_of_their_names(self):
        self.put(self.target, "b", b"")
        inner = self.directory("a")
        entries = self.ok(self.fs.readdir(self.at(inode=1)))["entries"]
        self.assertEqual([(e["basename"], e["filetype"]) for e in entries], [(b"a", 0o040000), (b"b", 0o100000)])
        self.assertEqual(self.ok(self.fs.readdir(self.at(inode=inner)))["entries"], [])

    def test_names_are_any_bytes(self):
        self.directory(b"\xff\xfe")
        self.assertEqual(self.ok(self.fs.readdir(self.at(inode=1)))["entries"][0]["basename"], b"\xff\xfe")

    def test_a_link_is_a_second_name(self):
        inode = self.put(self.target, "f", b"abc")
        self.assertEqual(self.ok(self.fs.link(self.at(inode=inode, newparent=1, newname="g")))["stat"]["nlink"], 2)
        self.ok(self.fs.unlink(self.at(parent=1, name="f")))
        self.assertEqual(self.read(inode), b"abc")

    def test_a_symbolic_link_keeps_its_target(self):
        inode = self.ok(self.fs.symlink(self.at(parent=1, name="l", link="../é")))["inode"]
        self.assertEqual(self.ok(self.fs.lookup(self.at(parent=1, name="l")))["inode"], inode)

    def test_renaming_moves_and_replaces(self):
        inner = self.directory("d")
        f, _ = self.put(self.target, "f", b"1"), self.put(self.target, "g", b"2")
        self.ok(self.fs.rename(self.at(parent=1, name="f", newparent=1, newname="g")))
        self.ok(self.fs.rename(self.at(parent=1, name="g", newparent=inner, newname="h", flags=1)))
        self.assertEqual(self.ok(self.fs.lookup(self.at(parent=inner, name="h")))["inode"], f)

    def test_renaming_without_replacing_is_refused_where_something_is(self):
        self.put(self.target, "f", b"1")
        self.put(self.target, "g", b"2")
        self.refused(self.fs.rename(self.at(parent=1, name="f", newparent=1, newname="g", flags=1)), "EEXIST")
        self.refused(self.fs.rename(self.at(parent=1, name="f", newparent=1, newname="g", flags=2)), "invalid_parameter", parameterName="flags")

    def test_directories_are_copied_and_removed_with_what_is_in_them(self):
        inner = self.directory("d")
        self.put(self.target, "f", b"1")
        self.ok(self.fs.rename(self.at(parent=1, name="f", newparent=inner, newname="f")))
        self.ok(self.fs.copy(self.at(inode=inner, newparent=1, newname="e")))
        self.refused(self.fs.rmdir(self.at(parent=1, name="d")), "ENOTEMPTY")
        self.ok(self.fs.rmdir_all(self.at(parent=1, name="d")))
        copy = self.ok(self.fs.lookup(self.at(parent=1, name="e")))["inode"]
        self.assertEqual(self.read(self.ok(self.fs.lookup(self.at(parent=copy, name="f")))["inode"]), b"1")

    def test_what_is_not_there_is_enoent_or_estale(self):
        self.refused(self.fs.lookup(self.at(parent=1, name="x")), "ENOENT")
        self.refused(self.fs.unlink(self.at(parent=1, name="x")), "ENOENT")
        self.refused(self.fs.getattr(self.at(inode=99)), "ESTALE")
        self.refused(self.fs.write(self.at(inode=99, offset=0, data=b"1")), "ESTALE")

    def test_wrong_kinds_are_told_as_errno_does(self):
        f, d = self.put(self.target, "f", b""), self.directory("d")
        self.refused(self.fs.readdir(self.at(inode=f)), "ENOTDIR")
        self.refused(self.fs.read(self.at(inode=d, offset=0, count=1)), "EISDIR")
        self.refused(self.fs.unlink(self.at(parent=1, name="d")), "EISDIR")
        self.refused(self.fs.rmdir(self.at(parent=1, name="f")), "ENOTDIR")
        self.refused(self.fs.link(self.at(inode=d, newparent=1, newname="x")), "EPERM")
        self.refused(self.fs.mkdir(self.at(parent=1, name="f", mode=0)), "EEXIST")
        self.refused(self.fs.readlink(self.at(inode=f)), "EINVAL")

    def test_more_than_the_file_system_holds_is_refused(self):
        inode = self.put(self.target, "f", b"")
        self.refused(self.fs.write(self.at(inode=inode, offset=32 << 20, data=b"1")), "ENOSPC")
        self.refused(self.fs.setattr(self.at(inode=inode, size=1 << 40)), "EFBIG")

    def test_names_that_lead_elsewhere_are_refused(self):
        for name in ("", ".", "..", "a/b", "a\0b", "x" * 256):
            self.refused(self.fs.mkdir(self.at(parent=1, name=name, mode=0)), "invalid_parameter", parameterName="name")

    def test_a_snapshot_shows_the_old_files_under_the_same_numbers(self):
        inode = self.put(self.target, "f", b"old")
        snapshot = self.snapshot(self.target)
        self.put(self.target, "f", b"newer")
        self.assertEqual(self.read(inode, snapshotId=snapshot), b"old")
        self.assertEqual(self.read(inode), b"newer")
        self.refused(self.fs.getattr(self.at(inode=inode, snapshotId="none")), "snapshot_not_found")

    def test_unknown_models_have_no_files(self):
        self.refused(self.fs.getattr({"modelId": "none", "inode": 1}), "model_not_found")
        self.refused(self.fs.mkdir({"modelId": "none", "parent": 1, "name": "x", "mode": 0}), "model_not_found")


globals().update(with_both_clients(Files))
