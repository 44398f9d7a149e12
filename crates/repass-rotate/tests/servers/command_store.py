#!/usr/bin/env python3
"""A store for the tests of the `command` store: a JSON file for each record, in the folder of STORE."""
import fcntl, json, os, pathlib, sys

folder = pathlib.Path(os.environ["COMMAND_STORE"])
request = json.load(sys.stdin)
with open(folder / ".lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    if request["operation"] == "list":
        names = sorted(path.name for path in folder.iterdir() if path.name[0] != ".")
        names = [name for name in names if name > (request["after"] or "")][: request["limit"]]
        stored = [(name, json.loads((folder / name).read_text())) for name in names]
        answer = {"records": [{"name": name, "status": one["record"]["status"]} for name, one in stored]}
    else:
        path = folder / request["name"]
        stored = json.loads(path.read_text()) if path.exists() else {"record": None, "version": None}
        if request["operation"] == "load":
            answer = stored
        elif stored["version"] != request["expected"]:
            answer = {"conflict": True}
        else:
            version = (stored["version"] or 0) + 1
            new = folder / ".new"
            new.write_text(json.dumps({"record": request["record"], "version": version}))
            with open(new) as written:
                os.fsync(written)
            new.rename(path)
            answer = {"version": version}
print(json.dumps(answer))
