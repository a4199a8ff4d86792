"""Parquet files of encoded images and labels, in the columns of Hugging Face's image data sets."""
