"""Stores what it sees of each mounted model: proves that files and states of mounts arrive whole.

Keys: `<model id>/state/<key>` (the value) and `<model id>/files`, a JSON object: relative path → "directory", the target of a
symbolic link after "-> ", or the file's text.
"""

import json
import os


def listing(root):
    entries = {}
    for folder, directories, files in os.walk(root):
        for name in sorted(directories + files):
            path = os.path.join(folder, name)
            relative = os.path.relpath(path, root)
            if os.path.islink(path):
                entries[relative] = "-> " + os.readlink(path)
            elif os.path.isdir(path):
                entries[relative] = "directory"
            else:
                with open(path, encoding="utf-8", errors="replace") as file:
                    entries[relative] = file.read()
    return entries


class Entry:
    async def createModelState(self, options):
        for model_id, other in options.other_models.items():
            files = json.dumps(listing(other.mount_path), sort_keys=True).encode()
            options.state_provider.provide(f"{model_id}/files", files)
            for key, loader in other.state.items():
                options.state_provider.provide(f"{model_id}/state/{key}", await loader.read())

    def instantiateModel(self, options):
        return {}


model = Entry()
