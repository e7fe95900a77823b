using Grpc.Core;
using Xunit;

namespace Chat.Tests.StandIns;

public class MetadataTests
{
    [Fact]
    public void A_key_becomes_lower_case()
    {
        Assert.Equal("x-request.id_2", new Metadata.Entry("X-Request.ID_2", "v").Key);
    }

    [Theory]
    [InlineData("two words")]
    [InlineData(":path")]
    [InlineData("a/b")]
    [InlineData("a\n")]
    [InlineData("\u00e9")]
    [InlineData("\u212a")] // The Kelvin sign, whose lower case is an ASCII letter.
    public void A_key_of_other_than_letters_digits_underscore_hyphen_and_dot_is_refused(string key)
    {
        Assert.Throws<ArgumentException>(() => new Metadata.Entry(key, "v"));
    }

    [Fact]
    public void A_missing_key_or_value_is_refused()
    {
        Assert.Throws<ArgumentNullException>(() => new Metadata.Entry(null!, "v"));
        Assert.Throws<ArgumentNullException>(() => new Metadata.Entry("k", (string)null!));
        Assert.Throws<ArgumentNullException>(() => new Metadata.Entry("k-bin", (byte[])null!));
        Assert.Throws<ArgumentNullException>(() => new Metadata().Add(null!));
    }

    [Fact]
    public void A_binary_value_under_a_key_without_bin_suffix_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("key", [1]));
    }

    [Fact]
    public void A_text_value_under_a_key_with_bin_suffix_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("key-bin", "v"));
        Assert.Throws<ArgumentException>(() => new Metadata.Entry("KEY-BIN", "v"));
    }

    [Fact]
    public void A_binary_entry_has_bytes_and_no_text()
    {
        var entry = new Metadata.Entry("Key" + Metadata.BinaryHeaderSuffix, [1, 255]);

        Assert.True(entry.IsBinary);
        Assert.Equal([1, 255], entry.ValueBytes);
        Assert.Throws<InvalidOperationException>(() => entry.Value);
    }

    [Fact]
    public void A_text_entry_has_text_and_its_ascii_bytes()
    {
        var entry = new Metadata.Entry("key", "ab");

        Assert.False(entry.IsBinary);
        Assert.Equal("ab", entry.Value);
        Assert.Equal("ab"u8.ToArray(), entry.ValueBytes);
        Assert.Equal("[Entry: key=key, value=ab]", entry.ToString());
    }

    [Fact]
    public void A_binary_entry_is_not_changed_through_the_arrays_given_and_returned()
    {
        byte[] given = [1];
        var entry = new Metadata.Entry("key-bin", given);

        given[0] = 2;
        entry.ValueBytes[0] = 3;

        Assert.Equal([1], entry.ValueBytes);
    }

    [Fact]
    public void Entries_keep_their_order_and_keys_may_repeat()
    {
        var metadata = new Metadata { { "b", "1" }, { "a", "2" }, { "b", "3" } };

        Assert.Equal(["b=1", "a=2", "b=3"], metadata.Select(e => $"{e.Key}={e.Value}"));
        Assert.Equal(["1", "3"], metadata.GetAll("b").Select(e => e.Value));
    }

    [Fact]
    public void The_last_of_several_entries_under_a_key_is_the_one_got()
    {
        var metadata = new Metadata { { "a", "1" }, { "a", "2" }, { "b-bin", [1] }, { "b-bin", [2] } };

        Assert.Equal("2", metadata.Get("a")!.Value);
        Assert.Equal("2", metadata.GetValue("a"));
        Assert.Equal([2], metadata.GetValueBytes("b-bin"));
    }

    [Fact]
    public void A_key_is_found_in_any_case()
    {
        var metadata = new Metadata { { "a", "1" }, { "A", "2" }, { "b-BIN", [1] } };

        Assert.Equal("2", metadata.Get("A")!.Value);
        Assert.Equal("2", metadata.GetValue("A"));
        Assert.Equal(["1", "2"], metadata.GetAll("A").Select(e => e.Value));
        Assert.Equal([1], metadata.GetValueBytes("B-bin"));
    }

    [Fact]
    public void A_binary_entry_is_not_got_as_text_but_a_text_entry_is_got_as_bytes()
    {
        var metadata = new Metadata { { "a", "1" }, { "b-bin", [1] } };

        Assert.Throws<InvalidOperationException>(() => metadata.GetValue("b-bin"));
        Assert.Equal("1"u8.ToArray(), metadata.GetValueBytes("a"));
    }

    [Fact]
    public void A_key_without_entries_gives_null_and_none()
    {
        var metadata = new Metadata { { "a", "1" } };

        Assert.Null(metadata.Get("b"));
        Assert.Null(metadata.GetValue("b"));
        Assert.Null(metadata.GetValueBytes("b-bin"));
        Assert.Empty(metadata.GetAll("b"));
    }

    [Fact]
    public void Metadata_is_a_list_of_its_entries()
    {
        var (a, b, c) = (new Metadata.Entry("a", "1"), new Metadata.Entry("b", "2"), new Metadata.Entry("c", "3"));
        var metadata = new Metadata { a, c };

        metadata.Insert(1, b);
        Assert.Equal(1, metadata.IndexOf(b));
        metadata[2] = a;
        Assert.DoesNotContain(c, metadata);
        Assert.True(metadata.Remove(a));
        metadata.RemoveAt(1);
        Assert.Equal([b], metadata);
        metadata.Clear();
        Assert.Empty(metadata);
        Assert.False(metadata.IsReadOnly);
    }

    [Fact]
    public void The_shared_empty_metadata_refuses_every_change()
    {
        var entry = new Metadata.Entry("a", "1");

        Assert.Empty(Metadata.Empty);
        Assert.True(Metadata.Empty.IsReadOnly);
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add(entry));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Insert(0, entry));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty[0] = entry);
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Remove(entry));
        Assert.Throws<InvalidOperationException>(() => Metadata.Empty.RemoveAt(0));
        Assert.Throws<InvalidOperationException>(Metadata.Empty.Clear);
    }
}
