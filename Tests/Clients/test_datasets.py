"""Datasets, both folders, as both flavours of the Python client reach them."""

from decthings_api import DecthingsElementImage, DecthingsTensor
import numpy as np

from support.scenario import Scenario, numbers, text, with_both_clients


class Datasets:
    def setUp(self):
        self.target = self.new_dataset("x")
        self.api = self.calls.dataset

    def at(self, **more):
        return {"datasetId": self.target, **more}

    def add(self, *values, method="add_entries", **more):
        keys = [{"key": "x", "data": [numbers([value]) for value in values]}]
        return getattr(self.api, method)(self.at(keys=keys, **more))

    def values(self, selection=None, method="get_entries"):
        selection = {"start": 0, "end": 1000} if selection is None else selection
        keys = self.ok(getattr(self.api, method)(self.at(entries=selection)))["keys"]
        self.assertEqual([key["key"] for key in keys], ["x"])
        return [(entry["index"], entry["data"].numpy().tolist()[0]) for entry in keys[0]["data"]]

    def test_a_new_dataset_is_listed_with_all_its_fields(self):
        dataset = self.dataset(self.target)
        self.assertEqual(dataset["access"], "readwrite")
        self.assertEqual(dataset["keys"][0]["rules"], {"shape": [-1], "allowedTypes": [], "annotations": []})
        for part in ("entries", "needsReviewEntries", "entriesWaitingToBeDeleted"):
            self.assertEqual(dataset[part], {"count": 0, "totalByteSize": 0})

    def test_all_datasets_are_listed_without_params(self):
        self.assertGreaterEqual(self.ok(self.api.get_datasets())["total"], 1)
        self.assertEqual(self.ok(self.api.get_datasets(None))["limit"], 20)

    def test_entries_come_back_by_range_and_by_list(self):
        self.ok(self.add(0, 1, 2, 3))
        self.assertEqual(self.values(), [(0, 0), (1, 1), (2, 2), (3, 3)])
        self.assertEqual(self.values({"start": 1, "end": 3}), [(1, 1), (2, 2)])
        self.assertEqual(self.values([3, 0, 0, 77]), [(3, 3), (0, 0), (0, 0)])
        self.assertEqual(self.values([]), [])

    def test_each_change_makes_a_new_version(self):
        first = self.dataset(self.target)["versionId"]
        second = self.ok(self.add(1))["newDatasetVersionId"]
        third = self.ok(self.add(2, method="add_entries_to_needs_review"))["newDatasetVersionId"]
        self.assertEqual(len({first, second, third}), 3)
        self.assertEqual(self.dataset(self.target)["versionId"], third)

    def test_an_old_version_is_refused_and_the_present_one_told(self):
        old = self.dataset(self.target)["versionId"]
        new = self.ok(self.add(1, datasetVersionId=old))["newDatasetVersionId"]
        self.refused(self.add(2, datasetVersionId=old), "incorrect_version_id", datasetVersionId=new)
        self.refused(self.api.remove_entries(self.at(entries=[0], datasetVersionId=old)), "incorrect_version_id", datasetVersionId=new)
        self.refused(self.api.get_entries(self.at(entries=[0], datasetVersionId=old)), "incorrect_version_id", datasetVersionId=new)
        self.assertEqual(self.values(), [(0, 1)])

    def test_counts_and_bytes_are_those_of_each_folder(self):
        self.ok(self.add(1, 2))
        self.ok(self.add(3, method="add_entries_to_needs_review"))
        size = len(numbers([1]).serialize())
        dataset = self.dataset(self.target)
        self.assertEqual(dataset["entries"], {"count": 2, "totalByteSize": 2 * size})
        self.assertEqual(dataset["needsReviewEntries"], {"count": 1, "totalByteSize": size})

    def test_reviewed_entries_move_over_at_once(self):
        self.ok(self.add(0, 1, 2, method="add_entries_to_needs_review"))
        result = self.ok(self.add(10, 11, method="finalize_needs_review_entries", indexes=[2, 0]))
        self.assertEqual(result["removedBytesFromNeedsReview"], 2 * len(numbers([1]).serialize()))
        self.assertEqual(self.values(), [(0, 10), (1, 11)])
        self.assertEqual(self.values(method="get_needs_review_entries"), [(0, 1)])

    def test_finalizing_needs_as_many_entries_as_indexes(self):
        self.ok(self.add(0, 1, method="add_entries_to_needs_review"))
        self.refused(self.add(5, method="finalize_needs_review_entries", indexes=[0, 1]), "invalid_parameter")
        self.refused(self.add(5, 6, method="finalize_needs_review_entries", indexes=[0, 0]), "invalid_parameter")
        self.refused(self.add(5, method="finalize_needs_review_entries", indexes=[2]), "index_out_of_range")

    def test_indexes_close_up_behind_what_is_removed(self):
        self.ok(self.add(*range(6)))
        result = self.ok(self.api.remove_entries(self.at(entries=[1, 4])))
        self.assertEqual((result["removedBytes"], result["newWaitingToRemoveBytes"], result["newWaitingToRemoveAmount"]),
                         (2 * len(numbers([1]).serialize()), 0, 0))
        self.assertEqual(self.values(), [(0, 0), (1, 2), (2, 3), (3, 5)])

    def test_entries_that_need_review_are_removed(self):
        self.ok(self.add(1, 2, method="add_entries_to_needs_review"))
        self.assertIn("removedBytes", self.ok(self.api.remove_needs_review_entries(self.at(entries=[0]))))
        self.assertEqual(self.values(method="get_needs_review_entries"), [(0, 2)])

    def test_what_is_not_there_cannot_be_removed(self):
        self.ok(self.add(1))
        self.refused(self.api.remove_entries(self.at(entries=[0, 1])), "index_out_of_range")
        self.refused(self.api.remove_needs_review_entries(self.at(entries=[0])), "index_out_of_range")
        self.assertEqual(self.values(), [(0, 1)])

    def test_keys_are_matched_whatever_their_order(self):
        self.target = self.new_dataset("b", "a")
        self.ok(self.api.add_entries(self.at(keys=[{"key": "b", "data": [text("of b")]}, {"key": "a", "data": [text("of a")]}])))
        keys = self.ok(self.api.get_entries(self.at(entries=[0])))["keys"]
        self.assertEqual([(key["key"], key["data"][0]["data"].item()) for key in keys], [("a", "of a"), ("b", "of b")])

    def test_entries_of_texts_before_numbers_can_be_read_by_both_clients(self):
        self.target = self.new_dataset("label", "pixels")
        entries = [{"key": "label", "data": [text("cat"), text("dog")]}, {"key": "pixels", "data": [numbers([1, 2]), numbers([3, 4])]}]
        self.ok(self.api.add_entries(self.at(keys=entries)))
        label, pixels = self.ok(self.api.get_entries(self.at(entries=[1, 0])))["keys"]
        self.assertEqual([entry["data"].item() for entry in label["data"]], ["dog", "cat"])
        self.assertEqual([entry["data"].numpy().tolist() for entry in pixels["data"]], [[3, 4], [1, 2]])

    def test_images_come_back_as_they_were_sent(self):
        image = DecthingsTensor([DecthingsElementImage("png", b"\x89P")], "image", [1])
        self.ok(self.api.add_entries(self.at(keys=[{"key": "x", "data": [image]}])))
        entry = self.ok(self.api.get_entries(self.at(entries=[0])))["keys"][0]["data"][0]
        self.assertEqual((entry["data"].item().format(), entry["data"].item().data()), ("png", b"\x89P"))

    def test_other_keys_than_the_dataset_has_are_refused(self):
        for keys in (["y"], ["x", "y"]):
            data = [{"key": key, "data": [numbers([1])]} for key in keys]
            self.refused(self.api.add_entries(self.at(keys=data)), "invalid_parameter", parameterName="keys")

    def test_tensors_that_do_not_fit_their_key_are_refused(self):
        self.target = self.new_dataset(("x", {"shape": [2], "allowedTypes": ["f32"], "annotations": []}))
        for misfit in (numbers([1]), numbers([1, 2], "f64"), text("x")):
            self.refused(self.api.add_entries(self.at(keys=[{"key": "x", "data": [misfit]}])), "invalid_parameter", parameterName="keys")
        self.ok(self.api.add_entries(self.at(keys=[{"key": "x", "data": [numbers([1, 2])]}])))

    def test_properties_are_updated_one_by_one(self):
        name = self.name("renamed")
        self.ok(self.api.update_dataset(self.at(properties={"name": name, "tags": [{"tag": "t", "value": "v"}]})))
        dataset = self.dataset(self.target)
        self.assertEqual((dataset["name"], dataset["description"], dataset["tags"]), (name, "d", [{"tag": "t", "value": "v"}]))

    def test_a_name_is_used_once(self):
        other = self.dataset(self.new_dataset("x"))["name"]
        self.refused(self.api.update_dataset(self.at(properties={"name": other})), "name_already_used")

    def test_a_deleted_dataset_is_not_found(self):
        self.ok(self.api.delete_dataset(self.at()))
        self.refused(self.add(1), "dataset_not_found", datasetId=self.target)
        self.refused(self.api.get_entries(self.at(entries=[0])), "dataset_not_found", datasetId=self.target)

    def test_datasets_are_filtered_and_paged(self):
        tag = {"tag": "only", "value": self.target}
        ids = [self.new_dataset("x", tags=[tag]) for _ in range(3)]
        page = self.ok(self.api.get_datasets({"filter": {"tags": [tag]}, "offset": 1, "limit": 1, "sortDirection": "asc"}))
        self.assertEqual(([dataset["id"] for dataset in page["datasets"]], page["total"]), ([ids[1]], 3))
        self.refused(self.api.get_datasets({"sort": "size"}), "invalid_parameter", parameterName="sort")


globals().update(with_both_clients(Datasets))
