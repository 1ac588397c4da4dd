"""The second engine of the blob store: an object store such as S3.

`content/<key>` is a small blob, whole. `content/<key>.row` is the manifest of a blob whose bytes stand in segments,
`segments/<key>/…`. Either is written once, last, on the condition that it is not there: so a blob becomes visible at
one moment, and nothing is copied for it.
"""
