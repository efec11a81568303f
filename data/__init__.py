"""The text: corpora, tokenizer, batches."""
