"""Where a model's files come from, whether they may be read, and whether there is room for them.

paths.py     what is meant by the path of a `name:path`
archive.py   a `.tar.gz`, unpacked safely
bounded_tar.py  its headers, bounded
cached.py    what was downloaded earlier
download.py  runs fetch.py, a process of its own that downloads and can be stopped
hub.py       what of a Hugging Face repository is downloaded
hub_file.py  its large files, so that a download goes on where it was
reasons.py   why a download failed, in words
licences.py  what a model is provided under, by its family
allowed.py   a preset's files, before anything of them is made
regular.py   which files are read, and how much of them
named.py     the classes that their JSON names
stored.py    what their weights declare
need.py      the memory that a preset will take
room.py      the memory that there is
"""
