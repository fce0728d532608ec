"""Where a model's files come from, whether they may be read, and whether they fit into memory.

paths.py              the meaning of the path in `name:path`
archive.py            unpacks a `.tar.gz` safely
bounded_tar.py        bounds its headers
hub_cache.py          finds earlier downloads
download.py           runs fetch.py, the process that downloads and can be stopped
hub.py                chooses the files of a Hugging Face repository
hub_file.py           downloads its large files, and continues interrupted downloads
download_errors.py    explains why a download failed
licences.py           a model's licence, by its family
preset_validation.py  checks a preset's files before anything is made of them
regular.py            opens files only if they are regular, and reads them within bounds
named.py              checks the classes that their JSON names
stored.py             checks what their weights declare
memory_estimate.py    the memory that a preset will take
device_memory.py      the memory that is free
"""
