"""Pages of figures for the data team: charts drawn as pictures, each with its table behind it."""
