"""Reports: charts, the HTML page, and the files that a comparison is written to."""
