"""CRM systems and senders of messages: what becomes of customers, payments and messages, by webhook."""
