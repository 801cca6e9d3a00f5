"""What a bundle's snapshot is made of, as tables of a Feast repository: offline as Parquet, online in SQLite or Redis.

`views` says what is kept and turns histories into rows and back, `offline` keeps the rows on disk: both know no Feast.
`definitions` tells Feast of them and `store` is the door to it; no other module imports Feast. `refresh` brings a day's
histories through all of it.
"""
