"""Files → facts and pixels.

Everything here takes paths, bytes and pictures and returns frozen Structs; it knows neither the
database nor HTTP. A photo passes through `develop()` once: metadata, one decode, three thumbnails
and two fingerprints from the same pixels. Native decoders may crash or hang, so the program calls
`develop()` only through `DecodePool`, which runs it in worker processes.

Read on in this order: `formats` → `develop` → `pictures`, `raw` → `thumbnails` → `metadata` → `pool`.
The package front imports nothing: a worker process must limit itself before it loads a decoder.
"""
